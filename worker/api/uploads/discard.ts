/** Ends of uploads that became nothing, and of what was left over from others. */
import { finishRemovals, removeUnneeded } from "../checkpoints/removals.ts";
import type { Bindings } from "../environment.ts";
import { deleteParts, UPLOADS } from "./parts.ts";
import { LIFETIME } from "./store.ts";

/** Uploads, and parts of them, that one call takes up at most: a request may make 1,000 calls to storage. */
const MOST_AT_ONCE = 200;

interface Ended {
  readonly id: string;
  readonly sha256: string | null;
}

/**
 * Removes a pending upload and what arrived of it. Answers whether there was one.
 *
 * @param owner whose it must be; null: anyone's.
 */
export async function discardUpload(
  bindings: Bindings,
  id: string,
  owner: string | null,
  now: number,
): Promise<boolean> {
  const { results } = await bindings.DB.prepare(
    "DELETE FROM uploads WHERE id = ?1 AND checkpoint IS NULL AND (?2 IS NULL OR owner = ?2) RETURNING id, sha256",
  )
    .bind(id, owner)
    .all<Ended>();
  await cleanUp(bindings, results, now);
  return results.length > 0;
}

export interface Expired {
  /** Uploads whose time is over. */
  readonly uploads: number;
  /** Parts in R2 that belong to none. */
  readonly parts: number;
}

/**
 * Throws away uploads whose time is over, parts that no upload has any more, and takes up removals that were broken off.
 * To be called now and then: what one call leaves, the next one finds.
 */
export async function expireUploads(bindings: Bindings, now: number): Promise<Expired> {
  const { results } = await bindings.DB.prepare(
    "DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE expires_at <= ? LIMIT ?) RETURNING id, sha256",
  )
    .bind(now, MOST_AT_ONCE)
    .all<Ended>();
  await cleanUp(bindings, results, now);
  await finishRemovals(bindings, now);
  return { uploads: results.length, parts: await removeOldParts(bindings.BLOBS, now) };
}

async function cleanUp(bindings: Bindings, ended: readonly Ended[], now: number): Promise<void> {
  for (const { id } of ended) await deleteParts(bindings.BLOBS, id);
  const models = ended.flatMap(({ sha256 }) => (sha256 === null ? [] : [{ kind: "model" as const, sha256 }]));
  await removeUnneeded(bindings, models, now);
}

/** No upload lives so long: its row is gone, but the request that removed it was broken off, or a part came late. */
async function removeOldParts(bucket: R2Bucket, now: number): Promise<number> {
  let removed = 0;
  let cursor: string | undefined;
  for (let page = 0; page < MOST_AT_ONCE; page++) {
    const list: R2Objects = await bucket.list({ prefix: UPLOADS, ...(cursor !== undefined && { cursor }) });
    const old = list.objects.filter(({ uploaded }) => uploaded.getTime() <= now - LIFETIME);
    if (old.length > 0) await bucket.delete(old.map(({ key }) => key));
    removed += old.length;
    if (!list.truncated) break;
    ({ cursor } = list);
  }
  return removed;
}
