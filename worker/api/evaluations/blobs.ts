/** What shards leave for one another in R2: `evaluations/ID/KEY`. */
import type { BlobStore } from "../../../shared/shards/blobs.ts";

export const EVALUATIONS = "evaluations/";

export function evaluationBlobs(bucket: R2Bucket, evaluation: string): BlobStore {
  const prefix = prefixOf(evaluation);
  return {
    async get(key) {
      const object = await bucket.get(prefix + key);
      return object && new Uint8Array(await object.arrayBuffer());
    },
    async put(key, bytes) {
      await bucket.put(prefix + key, bytes);
    },
  };
}

/** Removes all of an evaluation's. */
export async function dropBlobs(bucket: R2Bucket, evaluation: string): Promise<void> {
  for (;;) {
    const { objects, truncated } = await bucket.list({ prefix: prefixOf(evaluation) });
    if (objects.length > 0) await bucket.delete(objects.map(({ key }) => key));
    if (!truncated) return;
  }
}

export function prefixOf(evaluation: string): string {
  return `${EVALUATIONS}${evaluation}/`;
}
