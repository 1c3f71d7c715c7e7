/** What evaluations left behind: blobs of those that ended or are gone, and shards of those that failed long ago. */
import { dropBlobs, EVALUATIONS } from "../evaluations/blobs.ts";
import type { EvaluationBindings } from "../evaluations/bindings.ts";
import { startAfresh } from "../evaluations/forget.ts";

/** Milliseconds for which a failed evaluation can go on from where it was; after that it begins again. */
export const KEPT = 7 * 86_400_000;
/** Evaluations that one call takes up at most: a request may make 1,000 calls to storage. */
const MOST_AT_ONCE = 50;

export async function sweepLeftovers(
  { DB, BLOBS }: Pick<EvaluationBindings, "DB" | "BLOBS">,
  now: number,
): Promise<void> {
  const old = await DB.prepare(
    "SELECT id FROM evaluations e WHERE state = 'failed' AND ended_at <= ? AND EXISTS " +
      "(SELECT 1 FROM shards WHERE evaluation = e.id) ORDER BY created_at LIMIT ?",
  )
    .bind(now - KEPT, MOST_AT_ONCE)
    .all<{ id: string }>();
  for (const { id } of old.results) await DB.batch(startAfresh(DB, id));

  let cursor: string | undefined;
  let left = MOST_AT_ONCE;
  do {
    const page: R2Objects = await BLOBS.list({
      prefix: EVALUATIONS,
      delimiter: "/",
      ...(cursor !== undefined && { cursor }),
    });
    const ids = page.delimitedPrefixes.map((prefix) => prefix.slice(EVALUATIONS.length, -1));
    const unneeded = (await withoutShards(DB, ids)).slice(0, left);
    for (const id of unneeded) await dropBlobs(BLOBS, id);
    left -= unneeded.length;
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined && left > 0);
}

/** Blobs are needed by evaluations that have shards: those that ended well, or began afresh, have none. */
async function withoutShards(database: D1Database, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const { results } = await database
    .prepare(
      "SELECT value AS id FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM shards WHERE evaluation = value)",
    )
    .bind(JSON.stringify(ids))
    .all<{ id: string }>();
  return results.map(({ id }) => id);
}
