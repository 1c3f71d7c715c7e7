/** Draws shards of an evaluation that has just finished, and sends those that the edge runs on their way. */
import { LARGEST_EDGE_MODEL, LARGEST_EDGE_REPLAY } from "../../../shared/api/edge-limits.ts";
import type { EvaluationBindings } from "../evaluations/bindings.ts";
import { sendReplays } from "../evaluations/messages.ts";
import { randomNumber } from "../random.ts";
import { drawShards } from "./draw.ts";
import type { Made } from "./made.ts";

export interface DrawInput {
  readonly evaluation: string;
  readonly suite: string;
  readonly checkpoint: string;
  /** Of the result. */
  readonly hash: string;
  readonly made: readonly Made[];
  /** Of the model. */
  readonly bytes: number;
  readonly now: number;
}

/** Who runs a shard again, in SQL. @param s the table of shards. @param fits a parameter: whether the model fits the edge. */
export const PLACE = (s: string, fits: string) =>
  `iif(${fits} AND ${s}.operations <= ${LARGEST_EDGE_REPLAY}, 'edge', 'lent')`;

/** Whether the edge can load a model of this size: 1 or 0. */
export const fitsEdge = (bytes: number) => (bytes <= LARGEST_EDGE_MODEL ? 1 : 0);

/**
 * To be run after the row was written, and before the evaluation is marked as finished: it then happens once. Shards that
 * were drawn before, and stayed, are not drawn again.
 */
export async function drawReplays(
  database: D1Database,
  { evaluation, suite, checkpoint, hash, made, bytes, now }: DrawInput,
): Promise<D1PreparedStatement> {
  const { results } = await database
    .prepare("SELECT shard FROM replays WHERE evaluation = ? AND counts = 1")
    .bind(evaluation)
    .all<{ shard: string }>();
  const drawn = drawShards(made, new Set(results.map(({ shard }) => shard)), randomNumber);
  return database
    .prepare(
      "INSERT INTO replays (evaluation, shard, maker, place, state, sent_at) " +
        `SELECT s.evaluation, s.id, s.worker, ${PLACE("s", "?6")}, 'open', ?7 ` +
        "FROM json_each(?2) d JOIN shards s ON s.evaluation = ?1 AND s.id = d.value " +
        "WHERE EXISTS (SELECT 1 FROM evaluations WHERE id = ?1 AND state IN ('queued', 'running')) AND " +
        "EXISTS (SELECT 1 FROM results WHERE suite = ?3 AND checkpoint = ?4 AND result_sha256 = ?5) " +
        "ORDER BY d.key",
    )
    .bind(evaluation, JSON.stringify(drawn), suite, checkpoint, hash, fitsEdge(bytes), now);
}

/** A message that gets lost is sent again by the schedule. */
export async function sendOpenReplays(
  { DB, SHARDS }: Pick<EvaluationBindings, "DB" | "SHARDS">,
  evaluation: string,
): Promise<void> {
  const { results } = await DB.prepare(
    "SELECT id, shard FROM replays WHERE evaluation = ? AND state = 'open' AND place = 'edge' ORDER BY id",
  )
    .bind(evaluation)
    .all<{ id: number; shard: string }>();
  await sendReplays(SHARDS, evaluation, results);
}
