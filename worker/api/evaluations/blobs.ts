/**
 * What shards leave for one another in R2: `evaluations/ID/KEY`. Lent workers leave it below the lease of the shard,
 * `evaluations/ID/LEASE/KEY`, where nobody else writes: what is a shard's is found by the lease that it was done under.
 */
import type { BlobStore } from "../../../shared/shards/blobs.ts";

export const EVALUATIONS = "evaluations/";

/** @param lease of a lent worker, or of a replay. */
export function evaluationBlobs(bucket: R2Bucket, evaluation: string, lease?: string): BlobStore {
  const prefix = prefixOf(evaluation, lease);
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

/** Removes all of an evaluation's, or of one lease's. */
export async function dropBlobs(bucket: R2Bucket, evaluation: string, lease?: string): Promise<void> {
  for (;;) {
    const { objects, truncated } = await bucket.list({ prefix: prefixOf(evaluation, lease) });
    if (objects.length > 0) await bucket.delete(objects.map(({ key }) => key));
    if (!truncated) return;
  }
}

/** Sizes in bytes of what was left below a lease, by key. */
export async function listBlobs(
  bucket: R2Bucket,
  evaluation: string,
  lease: string,
): Promise<Map<string, number>> {
  const prefix = prefixOf(evaluation, lease);
  const sizes = new Map<string, number>();
  let cursor: string | undefined;
  do {
    const page: R2Objects = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) });
    for (const { key, size } of page.objects) sizes.set(key.slice(prefix.length), size);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return sizes;
}

export function prefixOf(evaluation: string, lease?: string): string {
  return `${EVALUATIONS}${evaluation}/${lease === undefined ? "" : `${lease}/`}`;
}
