/** Replays that no longer count: what they checked was discarded. Those that were judged stay, for the record. */

/** @param which a condition on the table `replays`, with parameters `?1`, `?2`, …. */
export function voidReplays(
  database: D1Database,
  which: string,
  bound: readonly (string | number)[],
): D1PreparedStatement[] {
  return [
    `DELETE FROM replays WHERE counts = 1 AND agrees IS NULL AND (${which})`,
    "UPDATE replays SET counts = 0, state = 'done', lease = NULL, lease_expires = NULL, payload = NULL " +
      `WHERE counts = 1 AND (${which})`,
  ].map((statement) => database.prepare(statement).bind(...bound));
}
