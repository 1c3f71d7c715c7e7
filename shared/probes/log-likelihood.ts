/**
 * Log-likelihoods of chosen tokens of sentences, in nats.
 *
 * - Causal models: log p(x_t | x_1 … x_{t−1}), all tokens of a sentence in one row of a pass.
 * - Masked models: the terms of the pseudo-log-likelihood (Salazar et al., "Masked Language Model Scoring", ACL 2020),
 *   log p(x_t | x without x_t), a row for each token with that token masked. Two sentences that differ in one word
 *   give the same input where that word is masked: it runs once and both words are read off it.
 *
 * Labelled rows are gathered before the head, and only a number for each token leaves the runtime.
 */
import type { Example, Objective } from "../corpus/corpus.ts";
import { batches } from "../evaluate/batches.ts";
import { Builder } from "../onnx/build.ts";
import { cloneGraph, pruneAndSort, type Graph } from "../onnx/graph.ts";
import { feedsReadBy, inputFeeds } from "../onnx/inputs.ts";
import { DataType } from "../onnx/weights.ts";
import { writeModel } from "../onnx/write.ts";
import { INPUT } from "../perturb/context.ts";
import { NonFiniteLossError } from "../perturb/finite-loss.ts";
import { gatherLabelled } from "../perturb/labelled.ts";
import { appendLoss, OUTPUT } from "../perturb/loss.ts";
import type { Feeds, Runtime, Session, Tensor } from "../runtime.ts";
import { causalRows, maskedRows, type Row, type ScoredSentence } from "./log-likelihood-rows.ts";
import {
  checkSentences,
  exampleOf,
  explainRefusal,
  knownTokens,
  TaskError,
  TOKENS_PER_PASS,
  type ForwardModel,
} from "./sentences.ts";

export interface LogLikelihoodOptions {
  readonly model: ForwardModel;
  readonly runtime: Runtime;
  readonly objective: Objective;
  /** The token that hides another from a masked model; null for causal models. */
  readonly maskId: number | null;
  /** Rows in one pass at most; default 512. */
  readonly batch?: number;
}

/** Logits of one pass at most (16 MiB): with a large vocabulary a pass holds few tokens. */
const LOGITS_PER_PASS = 2 ** 22;

export class LogLikelihood {
  readonly objective: Objective;
  private readonly options: LogLikelihoodOptions;
  private readonly graph: Graph;
  private readonly session: Session;

  private constructor(options: LogLikelihoodOptions, graph: Graph, session: Session) {
    this.objective = options.objective;
    this.options = options;
    this.graph = graph;
    this.session = session;
  }

  /** @throws TaskError where a masked model comes without a mask token that it knows. */
  static async prepare(options: LogLikelihoodOptions): Promise<LogLikelihood> {
    const { model, runtime, objective, maskId } = options;
    if (objective === "mlm") checkMask(maskId, knownTokens(model));
    const graph = lossGraph(model);
    return new LogLikelihood(options, graph, await runtime.createSession(writeModel(graph)));
  }

  /**
   * Log-likelihoods of the tokens at `positions` of each sentence. Whatever else is in a pass changes them by rounding
   * only.
   *
   * @throws TaskError naming the sentence that is empty, too long, or holds a token that the model does not know.
   * @throws NonFiniteLossError naming the sentence with a log-likelihood that is no finite number.
   */
  async score(sentences: readonly ScoredSentence[]): Promise<Float64Array[]> {
    const { model, maskId, batch = 512 } = this.options;
    checkSentences(
      model,
      sentences.map(({ ids }) => ids),
      (i) => sentences[i]!.name,
    );
    const rows = this.objective === "mlm" ? maskedRows(sentences, maskId!) : causalRows(sentences);
    const scores = sentences.map(({ positions }) => new Float64Array(positions.length));
    const passes = batches(
      rows.map((_, example) => ({ example, direction: 0 })),
      rows.map(({ ids }) => exampleOf(ids)),
      { ...this.limits(batch), padding: model.inputs.takesMask || model.oneByOne },
    );
    for (const pass of passes) {
      const chosen = pass.map(({ example }) => rows[example]!);
      const loss = await this.runPass(chosen);
      let token = 0;
      for (const { places } of chosen) {
        for (const { sentence, term } of places) {
          const value = -loss[token++]!;
          if (!Number.isFinite(value)) throw notFinite(sentences[sentence]!, term, value);
          scores[sentence]![term] = value;
        }
      }
    }
    return scores;
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }

  private limits(batch: number): { pairs: number; tokens: number } {
    const { oneByOne, vocabulary } = this.options.model;
    const labelled = Math.max(1, Math.floor(LOGITS_PER_PASS / vocabulary));
    const causal = this.objective === "clm";
    return {
      pairs: oneByOne ? 1 : Math.min(batch, causal ? batch : labelled),
      tokens: causal ? Math.min(TOKENS_PER_PASS, labelled) : TOKENS_PER_PASS,
    };
  }

  private async runPass(rows: readonly Row[]): Promise<Float32Array> {
    const run = (chosen: readonly Pick<Row, "ids" | "targets">[]) => this.session.run(this.feeds(chosen));
    try {
      return (await run(rows))[OUTPUT.loss]!.data as Float32Array;
    } catch (error) {
      throw await explainRefusal(error, rows, (ids) =>
        run([{ ids, targets: [{ position: 0, label: ids[0]! }] }]),
      );
    }
  }

  private feeds(rows: readonly Pick<Row, "ids" | "targets">[]): Feeds {
    const { inputs } = this.options.model;
    const examples: Example[] = rows.map(({ ids }) => exampleOf(ids));
    const length = inputs.fixedLength ?? rows.reduce((max, { ids }) => Math.max(max, ids.length), 0);
    const targets = rows.flatMap((row, r) =>
      row.targets.map(({ position, label }) => ({ place: r * length + position, label })),
    );
    return feedsReadBy(this.graph, {
      ...inputFeeds(this.graph, inputs, examples, length),
      [INPUT.rows]: int64(targets.map(({ place }) => place)),
      [INPUT.targets]: int64(targets.map(({ label }) => label)),
    });
  }
}

/** The model up to the loss of chosen tokens; no parameter moves. */
function lossGraph(model: ForwardModel): Graph {
  const graph = cloneGraph(model.graph);
  const builder = new Builder(graph, "plateau:");
  const { logits } = gatherLabelled(graph, model.logits, model.layouts, INPUT.rows, builder);
  graph.outputs = appendLoss(builder, logits, INPUT.targets, 1);
  graph.nodes.push(...builder.nodes);
  graph.inputs.push(
    { name: INPUT.rows, elementType: DataType.INT64, dims: ["plateau:tokens"] },
    { name: INPUT.targets, elementType: DataType.INT64, dims: ["plateau:tokens"] },
  );
  pruneAndSort(graph);
  return graph;
}

function checkMask(maskId: number | null, known: number): void {
  if (maskId === null) {
    throw new TaskError("A masked model is scored by masking token after token: say which id masks.");
  }
  if (Number.isInteger(maskId) && maskId >= 0 && maskId < known) return;
  throw new TaskError(`The mask token is ${maskId}, but the model knows tokens 0 to ${known - 1}.`);
}

function notFinite({ name, positions }: ScoredSentence, term: number, value: number): NonFiniteLossError {
  return new NonFiniteLossError(
    `${name} has a log-likelihood of ${value} at position ${positions[term]} (counted from 0). ` +
      "Check that all weights are finite, and that the export runs in the precision it was trained in.",
  );
}

function int64(values: readonly number[]): Tensor {
  return { type: "int64", dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}
