/** What the edge takes on. Whether it has the memory shows only when it runs: then the evaluation fails, and says so. */

/** Bytes of a model: ONNX Runtime needs about three times as much besides, of the 128 MB of an isolate. */
export const LARGEST_EDGE_MODEL = 25_000_000;

/** Estimated operations of a shard that the edge runs again to check a lent worker: what a shard of its own has at most. */
export const LARGEST_EDGE_REPLAY = 1e11;

/** Pairs in one pass: so many that it is worth the call, and so few that others get a turn several times a second. */
export function edgeBatch(modelBytes: number): number {
  if (modelBytes <= 2_000_000) return 32;
  return modelBytes <= 8_000_000 ? 16 : 8;
}
