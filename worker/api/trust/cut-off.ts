/** Workers that were found to be wrong: nothing is taken from them any more, and what they did is done anew. */
import { LARGEST_EDGE_MODEL } from "../../../shared/api/edge-limits.ts";
import type { EvaluationBindings } from "../evaluations/bindings.ts";
import { ApiError } from "../problems/api-error.ts";
import { PLACE } from "./draw-replays.ts";
import { redoWork, UNSETTLED } from "./redo.ts";

export interface CutOff {
  readonly worker: string;
  /** What was found, for everyone to read. */
  readonly reason: string;
  readonly evaluation: string;
  readonly shard: string;
}

/** Twice is once; what was broken off is taken up by `redoLeft`. */
export async function cutOff(
  bindings: EvaluationBindings,
  { worker, reason, evaluation, shard }: CutOff,
  now: number,
): Promise<void> {
  const { DB } = bindings;
  const mine = "r.worker = ?1 AND r.counts = 1 AND r.state IN ('returned', 'done')";
  await DB.batch([
    DB.prepare(
      "INSERT INTO cut_offs (worker, at, reason, evaluation, shard) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ).bind(worker, now, reason, evaluation, shard),
    // What it holds goes back at once, and is not held against the shard.
    DB.prepare(
      "UPDATE shards SET state = 'open', attempts = attempts - 1, lease = NULL, lease_expires = NULL " +
        "WHERE worker = ? AND state = 'leased'",
    ).bind(worker),
    DB.prepare(
      "UPDATE replays SET state = 'open', lease = NULL, lease_expires = NULL WHERE worker = ? AND state = 'leased'",
    ).bind(worker),
    // Its word for others is worth nothing either: where it was the only one, someone else runs the shard again.
    DB.prepare(
      "INSERT INTO replays (evaluation, shard, maker, place, state, sent_at) " +
        `SELECT DISTINCT r.evaluation, r.shard, r.maker, ${PLACE("s", `(c.bytes <= ${LARGEST_EDGE_MODEL})`)}, 'open', 0 ` +
        "FROM replays r JOIN shards s ON s.evaluation = r.evaluation AND s.id = r.shard " +
        "JOIN evaluations e ON e.id = r.evaluation JOIN checkpoints c ON c.id = e.checkpoint " +
        `WHERE ${mine} AND e.standing = 'unverified' AND NOT EXISTS (SELECT 1 FROM replays o ` +
        "WHERE o.evaluation = r.evaluation AND o.shard = r.shard AND o.counts = 1 AND " +
        "(o.worker IS NOT r.worker OR o.state IN ('open', 'leased')))",
    ).bind(worker),
    DB.prepare(
      "UPDATE replays AS r SET counts = 0, state = 'done', payload = NULL " +
        `WHERE ${mine} AND EXISTS (SELECT 1 FROM evaluations e WHERE e.id = r.evaluation AND e.standing IS NOT 'replicated')`,
    ).bind(worker),
  ]);
  await redoWork(bindings, worker);
}

/** Takes up what was broken off after a worker was cut off. */
export async function redoLeft(bindings: EvaluationBindings): Promise<void> {
  const { results } = await bindings.DB.prepare(
    "SELECT worker FROM cut_offs o WHERE EXISTS (SELECT 1 FROM shards s JOIN evaluations e ON e.id = s.evaluation " +
      `WHERE s.worker = o.worker AND s.state = 'done' AND ${UNSETTLED})`,
  ).all<{ worker: string }>();
  for (const { worker } of results) await redoWork(bindings, worker);
}

/** @throws ApiError 403 where the worker was cut off. */
export async function assertNotCutOff(database: D1Database, worker: string): Promise<void> {
  const found = await database
    .prepare("SELECT at, reason FROM cut_offs WHERE worker = ?")
    .bind(worker)
    .first<{ at: number; reason: string }>();
  if (!found) return;
  throw new ApiError(
    403,
    "cut-off",
    `This board takes no more work from this token since ${new Date(found.at).toISOString()}: ${found.reason} If your ` +
      "machine is in order now, ask whoever runs the board to let it work again.",
  );
}
