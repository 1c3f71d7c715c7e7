/**
 * Memory that shards take, by arithmetic: what is too big for a worker can be refused before it is tried.
 *
 * ONNX Runtime holds the weights twice (as they are, and packed for its products) and the values between operators.
 * The factors are those measured with its WebAssembly build on encoders and decoders of 0.2 to 5 million parameters, in
 * batches of 4 to 128; its heap grows by a fifth at a time, so that it may be as much above what is estimated.
 */
import { canonicalise } from "../onnx/canonical/index.ts";
import type { Graph } from "../onnx/graph.ts";
import { modelInputs } from "../onnx/inputs.ts";
import { byteLength, dimsOf, elementCount, isFloat } from "../onnx/weights.ts";
import { embeddingRows } from "../perturb/subject.ts";
import { oneHotColumns } from "../probes/fit-costs.ts";
import { FEATURE_BYTES } from "../probes/plan-pieces.ts";
import { sentencePools } from "../probes/sentence-pool.ts";
import type { FitPiece } from "../probes/task-pieces.ts";
import type { Suite } from "../suites/suite.ts";
import type { ProbeTask } from "../suites/task.ts";
import { sentencesPerPass } from "./job.ts";
import type { ShardSpec } from "./shard-spec.ts";
import type { JobOptions } from "./shard.ts";

/** As much of a model as its graph tells without its weights. */
export interface ModelSize {
  /** Of its files. */
  readonly bytes: number;
  /** Of its constants, quantised ones as floating-point numbers too. */
  readonly weightBytes: number;
  /** Channels of the widest product; the vocabulary does not count. */
  readonly widest: number;
  /** Rows of the embeddings; infinite where the graph does not show them. */
  readonly vocabulary: number;
}

export interface MemoryEstimate {
  /** Of ONNX Runtime's heap. */
  readonly heapBytes: number;
  /** Of the model's bytes, the suite, and features, outside of the heap. */
  readonly javascriptBytes: number;
}

/** What ONNX Runtime needs before there is a model, and the heap that it starts with. */
const EMPTY_HEAP = 10 * 2 ** 20;
const FIRST_HEAP = 16 * 2 ** 20;
/** Float32 numbers between operators for each token of a pass, in multiples of the widest product. */
const VALUES_PER_CHANNEL = { perturbed: 10, plain: 5 };
/** The same for each logit of a labelled token. */
const VALUES_PER_LOGIT = 1.5;
/** Channels of an attention head, at least about. */
const HEAD_CHANNELS = 32;
/** How much wider the widest product of a layer is than its hidden states. */
const WIDENING = 2.6;
/** Tokens of a pass over one row for each pair or sentence, at most: see batch-limits.ts and sentences.ts. */
const TOKENS_PER_ROW = { perturbed: 2048, plain: 4096 };
/** Floats that one run of a fit takes, at most: see logistic-blocks.ts. */
const FIT_FLOATS = 4_000_000;
/** Bytes of a sentence in memory, and of its tokens. */
const SENTENCE_BYTES = 150;
const TOKEN_BYTES = 8;

/** @param bytes of the model's files. */
export function modelSize(original: Graph, bytes: number): ModelSize {
  const graph = canonicalise(original);
  const vocabulary = embeddingRows(graph, modelInputs(graph));
  const tables = new Set(
    graph.nodes.filter(({ opType }) => opType === "Gather").map(({ input }) => input[0]!),
  );
  let [weightBytes, widest] = [0, 1];
  for (const [name, tensor] of graph.initializers) {
    const dims = dimsOf(tensor);
    const count = elementCount(dims);
    weightBytes += byteLength(tensor.dataType, count) + (isFloat(tensor.dataType) ? 0 : 4 * count);
    if (dims.length < 2 || tables.has(name)) continue;
    for (const dim of dims) if (dim !== vocabulary) widest = Math.max(widest, dim);
  }
  return { bytes, weightBytes, widest, vocabulary };
}

/** The most that any shard takes which runs the model. The heap of one is still there when the next one runs. */
export function estimateModelBytes(
  size: ModelSize,
  suite: Suite,
  options: Pick<JobOptions, "batch">,
): MemoryEstimate {
  const estimates = [
    estimateBytes({ kind: "prepare" }, size, suite, options),
    ...sentencePools(suite).map((_, pool) =>
      estimateBytes({ kind: "extract", source: "random", pool, first: 0, count: 1 }, size, suite, options),
    ),
  ];
  return {
    heapBytes: Math.max(...estimates.map(({ heapBytes }) => heapBytes)),
    javascriptBytes: Math.max(...estimates.map(({ javascriptBytes }) => javascriptBytes)),
  };
}

export interface MemoryLimits {
  readonly heapBytes: number;
  /** Of the heap and everything else together. */
  readonly bytes: number;
}

/**
 * Pairs in a pass, a power of two up to `most`, with which the shards that run the model stay within the limits; null
 * where there is no room for a single pair.
 */
export function largestBatch(size: ModelSize, suite: Suite, limits: MemoryLimits, most = 32): number | null {
  for (let batch = most; batch >= 1; batch = Math.floor(batch / 2)) {
    const { heapBytes, javascriptBytes } = estimateModelBytes(size, suite, { batch });
    if (heapBytes <= limits.heapBytes && heapBytes + javascriptBytes <= limits.bytes) return batch;
  }
  return null;
}

export function estimateBytes(
  spec: ShardSpec,
  size: ModelSize,
  suite: Suite,
  options: Pick<JobOptions, "batch">,
): MemoryEstimate {
  const { corpus, definition } = suite;
  const { batch } = options;
  const length = longestOf(corpus.examples.map(({ inputIds }) => inputIds));
  const labelled = corpus.labelledTokens / corpus.examples.length;
  const withModel = (pass: number, beside = size.bytes): MemoryEstimate => ({
    heapBytes: heapOf(2 * size.weightBytes + pass),
    javascriptBytes: suiteBytes(suite) + beside,
  });
  switch (spec.kind) {
    // The pilot runs pairs at θ + εv, θ − εv and θ.
    case "prepare":
      return withModel(passBytes(size, suite, { pairs: batch, rows: 3, length, labelled }));
    case "measure":
      return withModel(passBytes(size, suite, { pairs: batch, rows: 2, length, labelled }));
    case "compare": {
      const scored = definition.objective === "clm" ? length : 1;
      const pairs = sentencesPerPass(options);
      return withModel(passBytes(size, suite, { pairs, rows: 1, length, labelled: scored }));
    }
    case "extract": {
      const { pooling, longest } = sentencePools(suite)[spec.pool]!;
      const positions = pooling.kind === "concatenated" ? longest : 1;
      const projection = 4 * positions * (size.widest / WIDENING) * definition.probeDimensions;
      const pass = { pairs: sentencesPerPass(options), rows: 1, length: longest, labelled: 0 };
      // Random weights are drawn beside the model's own, which then go.
      const drawn = spec.source === "random" ? size.weightBytes : 0;
      return withModel(
        passBytes(size, suite, pass) + 2 * projection,
        Math.max(size.bytes + drawn, (drawn || size.bytes) + projection + FEATURE_BYTES),
      );
    }
    case "fit":
      return fitBytes(spec, suite);
  }
}

function heapOf(bytes: number): number {
  return Math.max(FIRST_HEAP, EMPTY_HEAP + bytes);
}

interface PassSize {
  /** Pairs, or sentences. */
  readonly pairs: number;
  /** Rows of each: one where nothing is perturbed. */
  readonly rows: number;
  readonly length: number;
  readonly labelled: number;
}

function passBytes(
  { widest, vocabulary }: ModelSize,
  { definition }: Suite,
  { pairs, rows, length, labelled }: PassSize,
): number {
  const kind = rows > 1 ? "perturbed" : "plain";
  const fitting = rows * Math.max(1, Math.min(pairs, Math.floor(TOKENS_PER_ROW[kind] / length)));
  const scores = (2 * length * widest) / WIDENING / HEAD_CHANNELS;
  const logits = Number.isFinite(vocabulary) ? vocabulary : definition.vocabulary.size;
  const perToken = VALUES_PER_CHANNEL[kind] * widest + scores;
  return 4 * fitting * (length * perToken + VALUES_PER_LOGIT * labelled * logits);
}

function fitBytes({ task: place, parts }: FitPiece, suite: Suite): MemoryEstimate {
  const task = suite.tasks[place] as ProbeTask;
  const rows = task.train.length + task.validation.length + task.test.length;
  const columns = parts.reduce(
    (most, { features }) =>
      Math.max(most, features.source === "one-hot" ? oneHotColumns(task) : suite.definition.probeDimensions),
    1,
  );
  const run = Math.min(FIT_FLOATS, rows * (columns + 4 * task.classes.length));
  return {
    heapBytes: heapOf(3 * 4 * run),
    // As they were extracted, standardised, and turned; and the optimiser's history, in double precision.
    javascriptBytes:
      suiteBytes(suite) + 3 * 4 * rows * columns + 24 * 8 * columns * task.classes.length + FEATURE_BYTES,
  };
}

function longestOf(sentences: readonly (readonly number[])[]): number {
  return sentences.reduce((most, { length }) => Math.max(most, length), 1);
}

function suiteBytes({ corpus, tasks }: Suite): number {
  const sentences = [
    ...corpus.examples.flatMap(({ inputIds }) => [inputIds, inputIds]),
    ...tasks.flatMap((task): (readonly number[])[] => {
      switch (task.kind) {
        case "probe":
          return [task.train, task.validation, task.test].flatMap((list) =>
            list.map(({ inputIds }) => inputIds),
          );
        case "minimal-pairs":
          return task.pairs.flatMap(({ good, bad }) => [good, bad]);
        case "multiple-choice":
          return task.items.flatMap(({ prompt, choices }) => [prompt, ...choices]);
      }
    }),
  ];
  return sentences.reduce((sum, { length }) => sum + SENTENCE_BYTES + TOKEN_BYTES * length, 0);
}
