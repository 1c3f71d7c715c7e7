/**
 * R2 objects that several rows may need, named by their hash: models and results. What no row needs is removed.
 *
 * Triggers put into `removals` what a row leaves behind. R2 and D1 do not commit together, so that an object could be
 * removed just after another row came to need it. Therefore its row in `removals` is marked first, by a statement that
 * finds it unneeded, and deleted after the object. Whoever needs an object first commits that it does, from when on no
 * removal begins, then waits for one that is under way (`settleRemoval`), and only then looks whether it is there.
 */
import type { Bindings } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";
import { randomHex } from "../random.ts";
import { modelKey, resultKey } from "./store.ts";

export interface HashedObject {
  readonly kind: "model" | "result";
  readonly sha256: string;
}

/** Removing takes milliseconds: whoever has not done it after this long never will. */
const STALE = 60_000;
/** How often, and with which pauses in milliseconds, a removal under way is waited for. */
const [ATTEMPTS, PAUSE] = [40, 100];
/** R2 deletes no more than 1,000 objects at once. */
const MOST_AT_ONCE = 500;

/** Whether a row needs the object of the row `removals`. */
const NEEDED =
  "CASE removals.kind WHEN 'model' THEN " +
  "EXISTS (SELECT 1 FROM checkpoints c WHERE c.sha256 = removals.sha256 AND c.bytes IS NOT NULL) OR " +
  "EXISTS (SELECT 1 FROM uploads u WHERE u.sha256 = removals.sha256 AND u.checkpoint IS NULL) " +
  "ELSE EXISTS (SELECT 1 FROM results r WHERE r.result_sha256 = removals.sha256) OR " +
  "EXISTS (SELECT 1 FROM replaced_results p WHERE p.result_sha256 = removals.sha256) END";
/** Whether nobody is removing it, or whoever did is gone. */
const IDLE = "(removals.started_at IS NULL OR removals.started_at < ?1)";
const LISTED = "(kind, sha256) IN (SELECT value ->> 'kind', value ->> 'sha256' FROM json_each(?2))";

/** Removes those of the objects that no row needs; at most 500. */
export async function removeUnneeded(
  { DB, BLOBS }: Pick<Bindings, "DB" | "BLOBS">,
  objects: readonly HashedObject[],
  now: number,
): Promise<void> {
  if (objects.length === 0) return;
  const listed = JSON.stringify(objects);
  const removal = randomHex(8);
  const [, , begun] = await DB.batch<HashedObject>([
    DB.prepare(
      "INSERT OR IGNORE INTO removals (kind, sha256) SELECT value ->> 'kind', value ->> 'sha256' FROM json_each(?)",
    ).bind(listed),
    DB.prepare(`DELETE FROM removals WHERE ${LISTED} AND ${IDLE} AND (${NEEDED})`).bind(now - STALE, listed),
    DB.prepare(
      `UPDATE removals SET removal = ?3, started_at = ?4 WHERE ${LISTED} AND ${IDLE} RETURNING kind, sha256`,
    ).bind(now - STALE, listed, removal, now),
  ]);
  if (begun!.results.length === 0) return;
  await BLOBS.delete(
    begun!.results.map(({ kind, sha256 }) => (kind === "model" ? modelKey(sha256) : resultKey(sha256))),
  );
  await DB.prepare("DELETE FROM removals WHERE removal = ?").bind(removal).run();
}

/** Takes up removals that nobody began, or that were broken off. */
export async function finishRemovals(bindings: Bindings, now: number): Promise<void> {
  const { results } = await bindings.DB.prepare(`SELECT kind, sha256 FROM removals WHERE ${IDLE} LIMIT ?2`)
    .bind(now - STALE, MOST_AT_ONCE)
    .all<HashedObject>();
  await removeUnneeded(bindings, results, now);
}

/**
 * Waits until no removal of the object is under way. Call it once a row that needs it is committed.
 *
 * @throws ApiError 503 where that takes too long.
 */
export async function settleRemoval(database: D1Database, { kind, sha256 }: HashedObject): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = await database
      .prepare("SELECT 1 FROM removals WHERE kind = ? AND sha256 = ? AND started_at >= ?")
      .bind(kind, sha256, Date.now() - STALE)
      .first();
    if (!found) return;
    await scheduler.wait(PAUSE);
  }
  throw new ApiError(
    503,
    "removal-under-way",
    `The same ${kind} (sha256 ${sha256}) is being removed at the moment; try again in a minute.`,
    { headers: { "Retry-After": "60" } },
  );
}
