/** Evaluations that were still to be verified when another result took the place of theirs: nothing hangs on them now. */

export interface ShownResult {
  readonly evaluation: string;
  readonly checkpoint: string;
  readonly suite: string;
  /** Of the result that is the checkpoint's row. */
  readonly hash: string;
}

/** Of all evaluations but this one, where the row is its result. What they left in R2 is thrown away by the schedule. */
export function supersedeOthers(
  database: D1Database,
  { evaluation, checkpoint, suite, hash }: ShownResult,
): D1PreparedStatement[] {
  const others =
    "(SELECT id FROM evaluations WHERE checkpoint = ?2 AND suite = ?3 AND id <> ?1 AND standing = 'unverified' AND " +
    "EXISTS (SELECT 1 FROM results WHERE suite = ?3 AND checkpoint = ?2 AND result_sha256 = ?4))";
  return [
    `DELETE FROM shards WHERE evaluation IN ${others}`,
    `DELETE FROM replays WHERE evaluation IN ${others} AND agrees IS NULL`,
    `UPDATE evaluations SET standing = 'superseded' WHERE id IN ${others}`,
  ].map((statement) => database.prepare(statement).bind(evaluation, checkpoint, suite, hash));
}

/** This one, whose result is the checkpoint's row no more: an import, or the checkpoint's removal from the board. */
export function supersede(database: D1Database, evaluation: string): D1PreparedStatement[] {
  const gone =
    "(SELECT e.id FROM evaluations e WHERE e.id = ?1 AND e.standing = 'unverified' AND NOT EXISTS (SELECT 1 FROM results r " +
    "WHERE r.suite = e.suite AND r.checkpoint = e.checkpoint AND r.result_sha256 = e.result_sha256))";
  return [
    `DELETE FROM shards WHERE evaluation IN ${gone}`,
    `DELETE FROM replays WHERE evaluation IN ${gone} AND agrees IS NULL`,
    `UPDATE evaluations SET standing = 'superseded' WHERE id IN ${gone}`,
  ].map((statement) => database.prepare(statement).bind(evaluation));
}
