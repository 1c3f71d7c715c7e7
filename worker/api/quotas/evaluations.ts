/** Evaluations that one may ask for in a day. Days are UTC's. A trigger counts stored ones: see migration 0008. */
import { ApiError } from "../problems/api-error.ts";

const DAY = 86_400_000;
/** Days that counts are kept. */
const KEPT = 31;

/** In SQL. Numbers that are bound are no integers to SQLite. @param now a parameter, milliseconds. */
const dayIn = (now: string) => `CAST(${now} / ${DAY} AS INTEGER)`;

/** In SQL: whether the owner has any left. All are parameters: null for `most` is no limit, `now` in milliseconds. */
export const hasLeft = (owner: string, now: string, most: string) =>
  `(${most} IS NULL OR coalesce((SELECT evaluations FROM evaluation_counts WHERE owner = ${owner} ` +
  `AND day = ${dayIn(now)}), 0) < ${most})`;

export async function evaluationsToday(database: D1Database, owner: string, now: number): Promise<number> {
  const count = await database
    .prepare("SELECT evaluations FROM evaluation_counts WHERE owner = ? AND day = ?")
    .bind(owner, dayOf(now))
    .first<number>("evaluations");
  return count ?? 0;
}

/** @throws ApiError 429 where none is left today. */
export async function assertEvaluationsLeft(
  database: D1Database,
  owner: string,
  most: number | null,
  now: number,
): Promise<void> {
  if (most !== null && (await evaluationsToday(database, owner, now)) >= most) throw noneLeft(most, now);
}

/** Counts one that leaves no row. @throws ApiError 429 where none is left today. */
export async function takeEvaluation(
  database: D1Database,
  owner: string,
  most: number | null,
  now: number,
): Promise<void> {
  const { meta } = await database
    .prepare(
      "INSERT INTO evaluation_counts (owner, day, evaluations) SELECT ?1, " +
        `${dayIn("?2")}, 1 WHERE ${hasLeft("?1", "?2", "?3")} ON CONFLICT DO UPDATE SET evaluations = evaluations + 1`,
    )
    .bind(owner, now, most)
    .run();
  if (meta.changes === 0) throw noneLeft(most ?? 0, now);
}

/** When they are counted anew. */
export function resetAt(now: number): number {
  return (dayOf(now) + 1) * DAY;
}

/** Counts of days long past. */
export async function dropCounts(database: D1Database, now: number): Promise<void> {
  await database
    .prepare("DELETE FROM evaluation_counts WHERE day < ?")
    .bind(dayOf(now) - KEPT)
    .run();
}

function noneLeft(most: number, now: number): ApiError {
  const reset = resetAt(now);
  return new ApiError(
    429,
    "evaluations-used-up",
    `This board does ${most} evaluations a day for one account, and you have had them; go on from ` +
      `${new Date(reset).toISOString()} on, or ask whoever runs the board.`,
    { headers: { "Retry-After": String(Math.ceil((reset - now) / 1000)) } },
  );
}

const dayOf = (now: number) => Math.floor(now / DAY);
