/** Features of a range of examples, and of all of them from ranges in any order. */
import { inOrder, type Shard } from "./shards.ts";

/** Features of the examples `[first, first + count)`. */
export interface FeatureShard extends Shard {
  readonly dimensions: number;
  /** The embeddings, then each layer. */
  readonly layers: readonly LayerFeatures[];
}

export interface LayerFeatures {
  /** The layer's number; null for the embeddings. */
  readonly layer: number | null;
  /** [count, dimensions] in row-major order. */
  readonly values: Float32Array;
}

/**
 * Features of all `total` examples from shards in any order.
 *
 * @throws RangeError where shards leave examples out or disagree about layers.
 */
export function joinFeatures(shards: readonly FeatureShard[], total: number): FeatureShard {
  const [first, ...others] = inOrder(shards, total);
  if (!first) throw new RangeError("no shards of features");
  const { dimensions } = first;
  const layersOf = (shard: FeatureShard) => shard.layers.map(({ layer }) => layer).join();
  for (const shard of others) {
    if (shard.dimensions === dimensions && layersOf(shard) === layersOf(first)) continue;
    throw new RangeError("shards of features come from different models or projections");
  }
  const layers = first.layers.map(({ layer }, i) => {
    const values = new Float32Array(total * dimensions);
    for (const shard of [first, ...others]) values.set(shard.layers[i]!.values, shard.first * dimensions);
    return { layer, values };
  });
  return { first: 0, count: total, dimensions, layers };
}
