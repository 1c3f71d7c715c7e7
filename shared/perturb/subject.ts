/** Turns a model into the subject of rewritings: canonical graph, parameters, and layouts found by running it. */
import type { Corpus, Example } from "../corpus/corpus.ts";
import { isFromRuntime, isOutOfMemory } from "../evaluate/explain-failure.ts";
import { Builder } from "../onnx/build.ts";
import { canonicalise } from "../onnx/canonical/index.ts";
import { UnsupportedModelError } from "../onnx/error.ts";
import { cloneGraph, intAttribute, pruneAndSort, type Graph } from "../onnx/graph.ts";
import { findHiddenStates, type HiddenState } from "../onnx/hidden-states.ts";
import { inputFeeds, modelInputs, type ModelInputs } from "../onnx/inputs.ts";
import { findParameters, type FixedConstant, type Parameter } from "../onnx/parameters.ts";
import { DataType, dimsOf } from "../onnx/weights.ts";
import { writeModel } from "../onnx/write.ts";
import type { Feeds, Runtime, Session, Tensor } from "../runtime.ts";
import { inferLayout, PROBE_ROWS, type Layout } from "./layout.ts";
import { layoutCandidates } from "./layout-candidates.ts";

/** What every rewriting of one model starts from. */
export interface Subject {
  /** Canonical; its only output is the logits. */
  readonly graph: Graph;
  readonly logits: string;
  /** Name of the logits in the model as it was read. */
  readonly output: string;
  readonly inputs: ModelInputs;
  readonly parameters: readonly Parameter[];
  readonly fixed: readonly FixedConstant[];
  /** The embeddings and each layer's output, [batch, sequence, width]; empty where the graph does not show them. */
  readonly hiddenStates: readonly HiddenState[];
  readonly layouts: ReadonlyMap<string, Layout | null>;
  readonly vocabulary: number;
  /** Whether the graph only runs on one example at a time. */
  readonly oneByOne: boolean;
}

/**
 * Inspects a model by running it on a few examples of the corpus it will be evaluated on.
 *
 * @throws UnsupportedModelError where there are no logits for every position.
 */
export async function prepareSubject(original: Graph, runtime: Runtime, corpus: Corpus): Promise<Subject> {
  const graph = canonicalise(original);
  const inputs = modelInputs(graph);
  checkVocabulary(corpus, embeddingRows(graph, inputs));
  checkLengths(corpus, inputs);
  const output = findLogits(original);
  // The canonical graph may call it otherwise, in the same place.
  const logits = graph.outputs[original.outputs.indexOf(output)]!;
  const { parameters, fixed } = await findParameters(graph);
  graph.outputs = [logits];
  pruneAndSort(graph);
  const found = await probe(graph, logits, inputs, parameters, runtime, corpus.examples);
  checkVocabulary(corpus, found.vocabulary);
  const hiddenStates = findHiddenStates(graph, logits, parameters);
  return { graph, logits, output, inputs, parameters, fixed, hiddenStates, ...found };
}

/** Rows of the table that the token ids look up; infinite where the graph does not show it. */
export function embeddingRows(graph: Graph, { ids }: ModelInputs): number {
  const sources = new Set([ids]);
  for (const node of graph.nodes) {
    if (/^(Cast|Reshape)$/.test(node.opType) && sources.has(node.input[0]!)) sources.add(node.output[0]!);
    if (node.opType !== "Gather" || !sources.has(node.input[1]!)) continue;
    const table = graph.initializers.get(node.input[0]!);
    if (table && intAttribute(node, "axis", 0) === 0) return dimsOf(table)[0] ?? Infinity;
  }
  return Infinity;
}

function checkVocabulary({ largestId }: Corpus, vocabulary: number): void {
  if (largestId < vocabulary) return;
  throw new UnsupportedModelError(
    `The corpus holds token ${largestId}, but the model knows tokens 0 to ${vocabulary - 1}. ` +
      "Use the corpus of this model's own tokenizer.",
  );
}

function checkLengths({ examples }: Corpus, { fixedLength, takesMask }: ModelInputs): void {
  if (fixedLength === null) return;
  const wrong = examples.findIndex(({ inputIds }) =>
    takesMask ? inputIds.length > fixedLength : inputIds.length !== fixedLength,
  );
  if (wrong < 0) return;
  throw new UnsupportedModelError(
    `The model is fixed to ${fixedLength} tokens, but example ${wrong + 1} has ${examples[wrong]!.inputIds.length}. ` +
      "Export it with a dynamic sequence axis.",
  );
}

/** The output's name; only the exporter's own names tell what outputs are. */
function findLogits({ outputs }: Graph): string {
  const named = outputs.find((name) => /(^|[._/])logits$|^prediction_scores$/.test(name));
  const candidates = outputs.filter((name) => !/^(present|past|hidden_states|attentions|pooler)/.test(name));
  const logits = named ?? (candidates.length === 1 ? candidates[0] : undefined);
  if (logits === undefined) {
    throw new UnsupportedModelError(
      `The model has no output called logits, but ${outputs.map((name) => `'${name}'`).join(", ")}. ` +
        "Export it with its language-model head.",
    );
  }
  return logits;
}

/** Sequence length for the probe: enough to tell positions from examples. */
const PROBE_LENGTH = 8;

async function probe(
  graph: Graph,
  logits: string,
  inputs: ModelInputs,
  parameters: readonly Parameter[],
  runtime: Runtime,
  examples: readonly Example[],
): Promise<Pick<Subject, "layouts" | "vocabulary" | "oneByOne">> {
  const probed = cloneGraph(graph);
  const builder = new Builder(probed, "probe:");
  const candidates = layoutCandidates(graph, logits, parameters);
  const outputs = new Map<string, string>();
  for (const [value, whole] of candidates) {
    // Whole numbers leave as they are; of activations only a sum, since a shape and a fingerprint are all that is wanted.
    const output = whole
      ? builder.cast(value, DataType.INT64)
      : builder.reduceSum(builder.cast(value, DataType.FLOAT), -1, true);
    outputs.set(value, output);
  }
  const shape = builder.op("Shape", [logits]);
  probed.nodes.push(...builder.nodes);
  probed.outputs = [shape, ...outputs.values()];
  pruneAndSort(probed);

  const length =
    inputs.fixedLength ??
    Math.min(PROBE_LENGTH, ...examples.slice(0, PROBE_ROWS[0]).map(({ inputIds }) => inputIds.length));
  const rows = Array.from({ length: PROBE_ROWS[0] }, (_, i) =>
    truncate(examples[i % examples.length]!, length),
  );
  const session = await runtime.createSession(writeModel(probed), { throwaway: true });
  try {
    const run = (chosen: readonly Example[]) => session.run(inputFeeds(probed, inputs, chosen, length));
    const three = inputs.fixedBatch === 1 ? null : await run(rows).catch(nullIfRefused);
    if (!three)
      return await probeOne(
        session,
        inputFeeds(probed, inputs, rows.slice(0, 1), length),
        shape,
        length,
        logits,
      );
    const two = await run(rows.slice(1));
    const vocabulary = checkLogits(logits, three[shape]!, PROBE_ROWS[0], length);
    const layouts = new Map(
      [...outputs].map(([value, output]) => [value, inferLayout(three[output]!, two[output]!)]),
    );
    return { layouts, vocabulary, oneByOne: false };
  } finally {
    await session.dispose();
  }
}

/** A model may not take batches; a machine that fails is another matter. */
function nullIfRefused(error: unknown): null {
  if (isFromRuntime(error) && !isOutOfMemory(error)) return null;
  throw error;
}

/** A graph fixed to one example says nothing of batches: each run then has one example, and one direction. */
async function probeOne(
  session: Session,
  feeds: Feeds,
  shape: string,
  length: number,
  logits: string,
): Promise<Pick<Subject, "layouts" | "vocabulary" | "oneByOne">> {
  let result: Readonly<Record<string, Tensor>>;
  try {
    result = await session.run(feeds);
  } catch (error) {
    if (!isFromRuntime(error) || isOutOfMemory(error)) throw error;
    throw new UnsupportedModelError(`ONNX Runtime cannot run the model on the corpus: ${error.message}`);
  }
  const vocabulary = checkLogits(logits, result[shape]!, 1, length);
  const layout: Layout = { kind: "batched", axis: 0, rank: 3, dims: [1, length, 1] };
  return { layouts: new Map([[logits, layout]]), vocabulary, oneByOne: true };
}

function checkLogits(name: string, shape: Tensor, batch: number, length: number): number {
  const dims = [...shape.data].map(Number);
  if (dims.length !== 3 || dims[0] !== batch || dims[1] !== length) {
    throw new UnsupportedModelError(
      `Output '${name}' has shape [${dims.join(", ")}] for ${batch} examples of ${length} tokens; ` +
        "expected logits for every position, [batch, sequence, vocabulary].",
    );
  }
  return dims[2]!;
}

function truncate(example: Example, length: number): Example {
  return {
    ...example,
    inputIds: example.inputIds.slice(0, length),
    ...(example.attentionMask && { attentionMask: example.attentionMask.slice(0, length) }),
    ...(example.tokenTypeIds && { tokenTypeIds: example.tokenTypeIds.slice(0, length) }),
  };
}
