/** What lent workers left for other shards of an evaluation. */
import type { BlobStore } from "../../../shared/shards/blobs.ts";
import { evaluationBlobs } from "../evaluations/blobs.ts";

/** Id of the shard that leaves this: `features/SOURCE/POOL/FIRST/STATE` is of `extract/SOURCE/POOL/FIRST`. */
export function extractorOf(key: string): string {
  return key.replace(/^features\//, "extract/").replace(/\/[^/]*$/, "");
}

/**
 * Reads what any shard of the evaluation left that is done, and writes below the lease.
 *
 * @param lease of whoever runs a shard.
 */
export function lentBlobs(
  { DB, BLOBS }: { readonly DB: D1Database; readonly BLOBS: R2Bucket },
  evaluation: string,
  lease: string,
): BlobStore {
  return {
    async get(key) {
      const extractor = await DB.prepare(
        "SELECT blobs FROM shards WHERE evaluation = ? AND id = ? AND state = 'done'",
      )
        .bind(evaluation, extractorOf(key))
        .first<string | null>("blobs");
      return extractor ? evaluationBlobs(BLOBS, evaluation, extractor).get(key) : null;
    },
    put: evaluationBlobs(BLOBS, evaluation, lease).put,
  };
}
