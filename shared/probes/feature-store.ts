/** Features between the piece that extracts them and the fits that read them. */
import type { LayerFeatures } from "./features.ts";
import { cut, type Range } from "./ranges.ts";
import type { SentencePool } from "./sentence-pool.ts";
import type { FeatureSource } from "./task-pieces.ts";

/** Lists of numbers by key. */
export interface FeatureStore {
  /** @throws where there is none. */
  get(key: string): Promise<Float32Array>;
  /** Writing the same key again writes the same numbers. */
  put(key: string, values: Float32Array): Promise<void>;
}

export class FeaturesInMemory implements FeatureStore {
  private readonly held = new Map<string, Float32Array>();

  get(key: string): Promise<Float32Array> {
    const values = this.held.get(key);
    return values ? Promise.resolve(values) : Promise.reject(new RangeError(`there are no features ${key}`));
  }

  put(key: string, values: Float32Array): Promise<void> {
    this.held.set(key, values);
    return Promise.resolve();
  }
}

/** Writes the features of a range, each layer under a key of its own: a fit reads one. */
export async function writeFeatures(
  store: FeatureStore,
  source: FeatureSource,
  pool: number,
  range: Range,
  layers: readonly LayerFeatures[],
): Promise<void> {
  for (const [state, { values }] of layers.entries()) {
    await store.put(keyOf(source, pool, range.first, state), values);
  }
}

/** Where a task's features lie. */
export interface FeaturesAt {
  readonly source: FeatureSource;
  /** Place of the pool among the suite's, and the pool. */
  readonly index: number;
  readonly pool: SentencePool;
  /** Sentences of an extracted range. */
  readonly size: number;
  /** Place among the layers that were written. */
  readonly state: number;
  readonly dimensions: number;
}

/** Features of the task's training, validation and test sentences, one after another: [sentences, dimensions]. */
export async function readFeatures(
  store: FeatureStore,
  place: number,
  { source, index, pool, size, state, dimensions }: FeaturesAt,
): Promise<Float32Array> {
  const rows = pool.rowsOf.get(place)!;
  const values = new Float32Array(rows.length * dimensions);
  // A range at a time: all of them need not fit into memory.
  for (const { first, count } of cut(pool.sentences.length, size)) {
    const isWithin = (row: number) => row >= first && row < first + count;
    if (!rows.some(isWithin)) continue;
    const key = keyOf(source, index, first, state);
    const range = await store.get(key);
    if (range.length !== count * dimensions) {
      throw new RangeError(`${key} holds ${range.length} numbers, expected ${count * dimensions}`);
    }
    rows.forEach((row, i) => {
      if (!isWithin(row)) return;
      const from = (row - first) * dimensions;
      values.set(range.subarray(from, from + dimensions), i * dimensions);
    });
  }
  return values;
}

function keyOf(source: FeatureSource, pool: number, first: number, state: number): string {
  return `features/${source}/${pool}/${first}/${state}`;
}
