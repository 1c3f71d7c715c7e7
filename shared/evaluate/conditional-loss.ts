/**
 * How far a model's predictions are from those of the language itself: of each labelled token
 * −Σ_c q_c log p_c − H(q) = KL(q ‖ p), nats, with q the language's exact conditional. 0 is statistically optimal.
 *
 * It has no label noise: the label does not enter.
 */
import { targetsOf, type Corpus } from "../corpus/corpus.ts";
import { entropyOf } from "../languages/language.ts";
import { Builder } from "../onnx/build.ts";
import { UnsupportedModelError } from "../onnx/error.ts";
import { attribute, cloneGraph, pruneAndSort, type Graph } from "../onnx/graph.ts";
import { feedsReadBy, inputFeeds } from "../onnx/inputs.ts";
import { DataType } from "../onnx/weights.ts";
import { writeModel } from "../onnx/write.ts";
import { INPUT } from "../perturb/context.ts";
import { gatherLabelled } from "../perturb/labelled.ts";
import type { Subject } from "../perturb/subject.ts";
import type { Feeds, Runtime, Session } from "../runtime.ts";
import { batches, type BatchLimits } from "./batches.ts";

const CONDITIONALS = "plateau:conditionals";
const CROSS_ENTROPY = "plateau:cross-entropy";

export type ConditionalModel = Pick<
  Subject,
  "graph" | "logits" | "inputs" | "layouts" | "vocabulary" | "oneByOne"
>;

export class ConditionalLoss {
  private readonly model: ConditionalModel;
  private readonly runtime: Runtime;
  private readonly corpus: Corpus;
  /** Index of each example's first labelled token. */
  private readonly firstToken: readonly number[];
  private readonly conditionals: readonly Float64Array[];
  private graph: Graph | undefined;
  private session: Session | undefined;

  /**
   * @param conditionals of every labelled token of the corpus, in order, with gaps where examples will not be asked for.
   * They may be shorter than the model's vocabulary: what is beyond is impossible.
   * @throws UnsupportedModelError where they are longer.
   */
  constructor(
    model: ConditionalModel,
    runtime: Runtime,
    corpus: Corpus,
    conditionals: readonly Float64Array[],
  ) {
    this.model = model;
    this.runtime = runtime;
    this.corpus = corpus;
    this.conditionals = conditionals;
    // Gaps are passed over.
    const words = conditionals.reduce((most, { length }) => Math.max(most, length), 0);
    if (words > model.vocabulary) {
      throw new UnsupportedModelError(
        `The language of the corpus has ${words} tokens, but the model knows ${model.vocabulary}. ` +
          "Measure excess loss with models of this language.",
      );
    }
    let first = 0;
    this.firstToken = corpus.examples.map((example) => {
      const at = first;
      first += targetsOf(example, corpus.objective).length;
      return at;
    });
  }

  /** Σ_t KL(q_t ‖ p_t) of each of these examples, nats. The same in any batch but for rounding. */
  async excess(examples: readonly number[], limits: BatchLimits): Promise<number[]> {
    const result = new Map<number, number>();
    const pairs = examples.map((example) => ({ example, direction: 0 }));
    const { oneByOne } = this.model;
    const passes = batches(pairs, this.corpus.examples, oneByOne ? { ...limits, pairs: 1 } : limits);
    for (const pass of passes) {
      const rows = pass.map(({ example }) => example);
      const crossEntropy = await this.runPass(rows);
      let token = 0;
      for (const row of rows) {
        let sum = 0;
        for (const q of this.conditionalsOf(row)) sum += crossEntropy[token++]! - entropyOf(q);
        result.set(row, sum);
      }
    }
    return examples.map((example) => result.get(example)!);
  }

  async dispose(): Promise<void> {
    await this.session?.dispose();
    this.session = undefined;
  }

  private conditionalsOf(example: number): readonly Float64Array[] {
    return this.conditionals.slice(
      this.firstToken[example],
      this.firstToken[example + 1] ?? this.conditionals.length,
    );
  }

  private async runPass(rows: readonly number[]): Promise<Float32Array> {
    this.graph ??= conditionalGraph(this.model);
    this.session ??= await this.runtime.createSession(writeModel(this.graph));
    const outputs = await this.session.run(this.feeds(this.graph, rows));
    return outputs[CROSS_ENTROPY]!.data as Float32Array;
  }

  private feeds(graph: Graph, rows: readonly number[]): Feeds {
    const { inputs, vocabulary } = this.model;
    const examples = rows.map((row) => this.corpus.examples[row]!);
    const longest = examples.reduce((most, { inputIds }) => Math.max(most, inputIds.length), 0);
    const length = inputs.fixedLength ?? longest;
    const places = examples.flatMap((example, r) =>
      targetsOf(example, this.corpus.objective).map(({ position }) => BigInt(r * length + position)),
    );
    const wanted = rows.flatMap((row) => this.conditionalsOf(row));
    const data = new Float32Array(wanted.length * vocabulary);
    wanted.forEach((q, t) => data.set(q, t * vocabulary));
    return feedsReadBy(graph, {
      ...inputFeeds(graph, inputs, examples, length),
      [INPUT.rows]: { type: "int64", dims: [places.length], data: BigInt64Array.from(places) },
      [CONDITIONALS]: { type: "float32", dims: [wanted.length, vocabulary], data },
    });
  }
}

/** The model up to −Σ_c q_c log p_c of chosen tokens. */
function conditionalGraph(model: ConditionalModel): Graph {
  const graph = cloneGraph(model.graph);
  const builder = new Builder(graph, "plateau:");
  const { logits } = gatherLabelled(graph, model.logits, model.layouts, INPUT.rows, builder);
  const z = builder.cast(logits, DataType.FLOAT);
  const logProbabilities = builder.op("LogSoftmax", [z], [attribute("axis", 1)]);
  // 0 · log 0 is 0, also where a model rules words out by logits of −∞.
  const impossible = builder.op("Equal", [CONDITIONALS, builder.float(0)]);
  const counted = builder.op("Where", [impossible, builder.float(0), logProbabilities]);
  const terms = builder.op("Mul", [counted, CONDITIONALS]);
  builder.op("Neg", [builder.reduceSum(terms, 1, false)], [], CROSS_ENTROPY);
  graph.outputs = [CROSS_ENTROPY];
  graph.nodes.push(...builder.nodes);
  graph.inputs.push(
    { name: INPUT.rows, elementType: DataType.INT64, dims: ["plateau:tokens"] },
    { name: CONDITIONALS, elementType: DataType.FLOAT, dims: ["plateau:tokens", model.vocabulary] },
  );
  pruneAndSort(graph);
  return graph;
}
