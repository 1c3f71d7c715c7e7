/** Features of a range of a pool's sentences; what the model refuses is the matter of the tasks that ask for it. */
import type { Runtime } from "../runtime.ts";
import type { Suite } from "../suites/suite.ts";
import type { ProbeTask } from "../suites/task.ts";
import { FeatureExtractor, type FeatureOptions, type LayerFeatures } from "./features.ts";
import type { Range } from "./ranges.ts";
import { isRefusal, orRefused } from "./refusal.ts";
import { sentenceName, type SentencePool } from "./sentence-pool.ts";
import type { ForwardModel } from "./sentences.ts";

export interface ExtractOptions {
  readonly suite: Suite;
  readonly pool: SentencePool;
  readonly model: ForwardModel;
  readonly runtime: Runtime;
  /** Sentences in one pass at most. */
  readonly batch?: number;
  /** Of the whole pool, to be used again for its other ranges. */
  readonly extractor: () => Promise<FeatureExtractor>;
}

export interface ExtractedRange {
  /** Rows that only refused tasks have are zero. Empty where all are refused. */
  readonly layers: readonly LayerFeatures[];
  /** By place of the task: why the model cannot take a sentence that it has in this range. */
  readonly refusals: ReadonlyMap<number, string>;
}

/** Options of the extractor for all of a pool, or for one of its tasks. */
export function extractorOptions(
  { suite, pool, model, runtime, batch }: Omit<ExtractOptions, "extractor">,
  longest = pool.longest,
): FeatureOptions {
  const { probeDimensions: dimensions, seed } = suite.definition;
  return { model, runtime, dimensions, seed, pooling: pool.pooling, longest, ...(batch && { batch }) };
}

/** @throws what is no fault of a task: ModelTooBigError, what the runtime throws. */
export async function extractRange(range: Range, options: ExtractOptions): Promise<ExtractedRange> {
  const { suite, pool } = options;
  try {
    const { layers } = await (await options.extractor()).extract(pool.sentences, range);
    return { layers, refusals: new Map() };
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  // A sentence that the model cannot take is the matter of the task that has it, not of the others.
  const refusals = new Map<number, string>();
  const { probeDimensions: dimensions } = suite.definition;
  const layers = new Map<number | null, Float32Array>();
  for (const [place, rows] of pool.rowsOf) {
    if (!rows.some((row) => isWithin(row, range))) continue;
    const task = suite.tasks[place] as ProbeTask;
    const found = await orRefused(() => extractTask(task, rows, range, options));
    if ("reason" in found) {
      refusals.set(place, found.reason);
      continue;
    }
    for (const { layer, values } of found.layers) {
      const whole = layers.get(layer) ?? new Float32Array(range.count * dimensions);
      layers.set(layer, whole);
      found.rows.forEach((row, i) => {
        const features = values.subarray(i * dimensions, (i + 1) * dimensions);
        whole.set(features, (row - range.first) * dimensions);
      });
    }
  }
  return { layers: [...layers].map(([layer, values]) => ({ layer, values })), refusals };
}

/** Features of the sentences that one task has in the range, and their rows. */
async function extractTask(
  task: ProbeTask,
  rows: Int32Array,
  range: Range,
  options: ExtractOptions,
): Promise<{ readonly layers: readonly LayerFeatures[]; readonly rows: readonly number[] }> {
  const { sentences } = options.pool;
  const places = new Map<number, number>();
  rows.forEach((row, i) => {
    if (isWithin(row, range) && !places.has(row)) places.set(row, i);
  });
  const own = [...places.keys()];
  const longest = rows.reduce((most, row) => Math.max(most, sentences[row]!.length), 1);
  const extractor = await FeatureExtractor.prepare(extractorOptions(options, longest));
  try {
    const { layers } = await extractor.extract(
      own.map((row) => sentences[row]!),
      undefined,
      (i) => sentenceName(task, places.get(own[i]!)!),
    );
    return { layers, rows: own };
  } finally {
    await extractor.dispose();
  }
}

const isWithin = (row: number, { first, count }: Range) => row >= first && row < first + count;
