/**
 * Discards what a worker computed for evaluations that are not settled, and all that rests on it: others compute it anew.
 * The row of such an evaluation goes until then.
 */
import { PREPARE } from "../../../shared/shards/prepared.ts";
import type { EvaluationBindings } from "../evaluations/bindings.ts";
import { dropBlobs } from "../evaluations/blobs.ts";
import { wake } from "../evaluations/messages.ts";
import { RECOUNT } from "../evaluations/progress.ts";
import { voidReplays } from "./void-replays.ts";

/** Whether payloads of an evaluation are still of use, in SQL. */
export const UNSETTLED = "(e.state IN ('queued', 'running', 'failed') OR e.standing = 'unverified')";

interface Affected {
  readonly id: string;
  /** Whether the worker did the shard on which all others rest. */
  readonly prepared: number;
  /** Whether it did some on which fits rest, or fits, on which others rest. */
  readonly probed: number;
}

/** Nothing happens where the worker has done nothing, or nothing that is left. */
export async function redoWork(bindings: EvaluationBindings, worker: string): Promise<void> {
  const { results } = await bindings.DB.prepare(
    "SELECT s.evaluation AS id, max(s.id = ?2) AS prepared, max(s.stage IN ('extracting', 'probing')) AS probed " +
      "FROM shards s JOIN evaluations e ON e.id = s.evaluation " +
      `WHERE s.worker = ?1 AND s.state = 'done' AND ${UNSETTLED} GROUP BY s.evaluation`,
  )
    .bind(worker, PREPARE)
    .all<Affected>();
  for (const evaluation of results) await redo(bindings, evaluation, worker);
}

async function redo(
  { DB, BLOBS, SHARDS }: EvaluationBindings,
  { id, prepared, probed }: Affected,
  worker: string,
): Promise<void> {
  // Since the worker was cut off, nothing is added that it did: what is true of its shards now stays true.
  const discarded = (table: string) =>
    [
      `(${table}.worker = ?2 AND ${table}.state = 'done')`,
      ...(prepared ? ["1"] : []),
      ...(probed ? [`${table}.stage = 'probing'`] : []),
    ].join(" OR ");
  const ids = `(SELECT s.id FROM shards s WHERE s.evaluation = ?1 AND (${discarded("s")}))`;
  const another =
    "EXISTS (SELECT 1 FROM evaluations a WHERE a.checkpoint = evaluations.checkpoint AND a.suite = evaluations.suite AND " +
    "a.id <> evaluations.id AND a.state IN ('queued', 'running'))";
  const statements = [
    DB.prepare(
      "UPDATE contributions SET redone = redone + (SELECT count(*) FROM shards s WHERE s.evaluation = ?1 AND " +
        "s.worker = contributions.worker AND s.device = contributions.device AND s.state = 'done' AND " +
        `(${discarded("s")})) WHERE evaluation = ?1`,
    ).bind(id, worker),
    ...voidReplays(DB, `evaluation = ?1 AND shard IN ${ids}`, [id, worker]),
    // What an admin has hidden stays hidden, whatever takes its place.
    DB.prepare(
      "DELETE FROM results WHERE hidden_reason IS NULL AND (suite, checkpoint, result_sha256) IN " +
        "(SELECT suite, checkpoint, result_sha256 FROM evaluations WHERE id = ? AND standing = 'unverified')",
    ).bind(id),
    DB.prepare(
      `DELETE FROM shards WHERE evaluation = ?1 AND (${discarded("shards")}) RETURNING coalesce(blobs, lease) AS blobs`,
    ).bind(id, worker),
    // Another evaluation of the same is under way: its result will be the row.
    DB.prepare(
      `UPDATE evaluations SET standing = 'superseded' WHERE id = ? AND standing = 'unverified' AND ${another}`,
    ).bind(id),
    DB.prepare(
      "UPDATE evaluations SET state = 'running', standing = NULL, ended_at = NULL, result_sha256 = NULL, receipt = NULL " +
        "WHERE id = ? AND standing = 'unverified'",
    ).bind(id),
    DB.prepare(`UPDATE evaluations SET sent_at = 0, resent = 0, ${RECOUNT} WHERE id = ?`).bind(id),
    DB.prepare(
      "DELETE FROM shards WHERE evaluation = ?1 AND EXISTS (SELECT 1 FROM evaluations WHERE id = ?1 AND standing = 'superseded')",
    ).bind(id),
  ] as const;
  const deleted = 4;
  const [gone] = (await DB.batch<{ blobs: string | null }>([...statements])).slice(deleted, deleted + 1);
  for (const { blobs } of gone!.results) if (blobs !== null) await dropBlobs(BLOBS, id, blobs);
  await wake(SHARDS, [id]);
}
