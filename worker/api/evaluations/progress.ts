/**
 * How far an evaluation is. How much there is to do is known wave by wave only: what comes next follows from what came out
 * so far. So every wave is taken for a part of what was left when it was planned, as it was in evaluations of the zoo.
 */

const FIRST = 0.04;
const LATER = 0.6;

export interface Counts {
  readonly state: string;
  readonly operations: number;
  readonly operations_done: number;
  readonly wave: number;
  readonly wave_share: number;
  readonly wave_operations: number;
}

/** From 0 to 1. */
export function shareOf(row: Counts): number {
  if (row.state === "finished") return 1;
  const wave = row.operations - row.wave_operations;
  const done = wave > 0 ? (row.operations_done - row.wave_operations) / wave : 0;
  return row.wave_share + (1 - row.wave_share) * partOf(row.wave) * Math.min(1, Math.max(0, done));
}

function partOf(wave: number): number {
  if (wave === 0) return 0;
  return wave === 1 ? FIRST : LATER;
}

/**
 * After shards were discarded: what is left counts as done. Where the preparing shard is left it is as if the first wave
 * were done; how far it was is known no more.
 */
export const RECOUNT =
  "shards = (SELECT count(*) FROM shards s WHERE s.evaluation = evaluations.id), " +
  "shards_done = (SELECT count(*) FROM shards s WHERE s.evaluation = evaluations.id AND s.state = 'done'), " +
  "operations = (SELECT total(s.operations) FROM shards s WHERE s.evaluation = evaluations.id), " +
  "operations_done = (SELECT total(s.operations) FROM shards s WHERE s.evaluation = evaluations.id AND s.state = 'done'), " +
  "wave = EXISTS (SELECT 1 FROM shards s WHERE s.evaluation = evaluations.id), wave_share = 0, wave_operations = 0, " +
  "busy = (SELECT coalesce(sum(max(0, s.ended_at - s.claimed_at)), 0) FROM shards s " +
  "WHERE s.evaluation = evaluations.id AND s.state = 'done')";

/** Before the shards of a wave are added. Nothing happens where someone has added them already. */
export function beginWave(database: D1Database, evaluation: string, now: number): D1PreparedStatement {
  return database
    .prepare(
      "UPDATE evaluations SET wave = wave + 1, wave_operations = operations_done, wave_share = wave_share + " +
        `(1 - wave_share) * CASE wave WHEN 0 THEN 0 WHEN 1 THEN ${FIRST} ELSE ${LATER} END, sent_at = ?2, resent = 0 ` +
        "WHERE id = ?1 AND state IN ('queued', 'running') AND NOT EXISTS " +
        "(SELECT 1 FROM shards WHERE evaluation = ?1 AND state <> 'done')",
    )
    .bind(evaluation, now);
}
