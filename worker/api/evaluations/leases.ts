/**
 * Who runs which shard. A shard is claimed for a while, and comes back by itself when its lease expires: whoever had it
 * may have vanished. What comes in after that changes nothing.
 */
import { jobOptionsSchema, shardSchema, type JobOptions, type Shard } from "../../../shared/shards/shard.ts";
import { randomHex } from "../random.ts";

/** Milliseconds that a claim lasts unless it is renewed: many times what a shard takes. */
export const LEASE = 120_000;
/** A shard that came to nothing so often ends its evaluation. */
export const MOST_ATTEMPTS = 3;
/** And so often where lent workers vanish with it: they come and go. */
export const MOST_LENT_ATTEMPTS = 8;

/** Of a reason, in characters. */
const LONGEST_REASON = 2000;
const VANISHED =
  "Whatever ran it vanished, for lack of memory perhaps; try again, or evaluate the model on a machine of your own.";

export interface Claim {
  readonly evaluation: string;
  readonly shard: Shard;
  /** Identifies the claim. */
  readonly lease: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly options: JobOptions;
  readonly suite: { readonly id: string; readonly sha256: string; readonly bytes: number };
  readonly model: { readonly sha256: string; readonly bytes: number };
}

interface ClaimRow {
  readonly shard: string;
  readonly attempts: number;
  readonly options: string;
  readonly suite: string;
  readonly suite_sha256: string;
  readonly suite_bytes: number;
  readonly model_sha256: string;
  readonly model_bytes: number | null;
}

/** Takes back shards whose lease expired; those that were tried too often fail, and their evaluations with them. */
export function sweepLeases(database: D1Database, now: number): D1PreparedStatement {
  return database
    .prepare(
      `UPDATE shards SET state = CASE WHEN attempts >= iif(worker IS NULL, ${MOST_ATTEMPTS}, ${MOST_LENT_ATTEMPTS}) ` +
        "THEN 'failed' ELSE 'open' END, error = ?2, lease = NULL, lease_expires = NULL, ended_at = ?1, sent_at = 0, resent = 0 WHERE state = 'leased' AND lease_expires <= ?1",
    )
    .bind(now, VANISHED);
}

/** For the compute worker. Null where the shard is not open, its evaluation has ended, or lent workers run it. */
export async function claimShard(
  database: D1Database,
  { evaluation, shard }: { readonly evaluation: string; readonly shard: string },
  device: string,
  now: number,
): Promise<Claim | null> {
  const lease = randomHex(16);
  const [, , details] = await database.batch<ClaimRow>([
    sweepLeases(database, now),
    database
      .prepare(
        "UPDATE shards SET state = 'leased', attempts = attempts + 1, lease = ?3, lease_expires = ?4, device = ?5, " +
          "claimed_at = ?6 WHERE evaluation = ?1 AND id = ?2 AND state = 'open' AND " +
          "EXISTS (SELECT 1 FROM evaluations WHERE id = ?1 AND state IN ('queued', 'running') AND device = 'edge')",
      )
      .bind(evaluation, shard, lease, now + LEASE, device, now),
    database
      .prepare(
        "SELECT s.shard, s.attempts, e.options, u.id AS suite, u.sha256 AS suite_sha256, u.bytes AS suite_bytes, " +
          "c.sha256 AS model_sha256, c.bytes AS model_bytes FROM shards s JOIN evaluations e ON e.id = s.evaluation " +
          "JOIN suites u ON u.id = e.suite JOIN checkpoints c ON c.id = e.checkpoint " +
          "WHERE s.evaluation = ?1 AND s.id = ?2 AND s.lease = ?3",
      )
      .bind(evaluation, shard, lease),
  ]);
  const row = details!.results[0];
  if (!row) return null;
  return {
    evaluation,
    shard: shardSchema.parse(JSON.parse(row.shard)),
    lease,
    attempt: row.attempts,
    options: jobOptionsSchema.parse(JSON.parse(row.options)),
    suite: { id: row.suite, sha256: row.suite_sha256, bytes: row.suite_bytes },
    model: { sha256: row.model_sha256, bytes: row.model_bytes ?? 0 },
  };
}

type Held = Pick<Claim, "evaluation" | "lease"> & { readonly shard: Pick<Shard, "id"> };

const MINE = "evaluation = ?1 AND id = ?2 AND lease = ?3 AND state = 'leased'";

/** Whether the claim still counts; it then lasts longer. */
export async function renewLease(
  database: D1Database,
  { evaluation, shard, lease }: Held,
  now: number,
): Promise<boolean> {
  const row = await database
    .prepare(
      `UPDATE shards SET lease_expires = ?4 WHERE ${MINE} AND ` +
        "(SELECT state FROM evaluations WHERE id = ?1) IN ('queued', 'running') RETURNING 1",
    )
    .bind(evaluation, shard.id, lease, now + LEASE)
    .first();
  return row !== null;
}

export interface Completion {
  /** False where the claim did not count any more, so that nothing changed. */
  readonly accepted: boolean;
  /** Shards of the evaluation that are not done. */
  readonly left: number;
}

/**
 * Payload and mark in one statement: there is no result without the one or the other.
 *
 * @param told of a lent worker: milliseconds that it took, by its own word. What it left lies below its lease.
 */
export async function completeShard(
  database: D1Database,
  { evaluation, shard, lease }: Held,
  payload: string,
  now: number,
  told: number | null = null,
): Promise<Completion> {
  const [written, left] = (await database.batch([
    database
      .prepare(
        "UPDATE shards SET state = 'done', payload = ?4, error = NULL, lease = NULL, lease_expires = NULL, " +
          `ended_at = ?5, told = ?6, blobs = iif(worker IS NULL, NULL, ?3) WHERE ${MINE} RETURNING id`,
      )
      .bind(evaluation, shard.id, lease, payload, now, told),
    database
      .prepare("SELECT count(*) AS count FROM shards WHERE evaluation = ? AND state <> 'done'")
      .bind(evaluation),
  ])) as [D1Result, D1Result<{ count: number }>];
  return { accepted: written.results.length > 0, left: left.results[0]!.count };
}

/** `open`: it will be tried again. `failed`: and the evaluation with it. `lost`: the claim did not count any more. */
export type Failure = "open" | "failed" | "lost";

/** @param final whether another attempt could only end alike. */
export async function failShard(
  database: D1Database,
  { evaluation, shard, lease }: Held,
  { reason, final }: { readonly reason: string; readonly final: boolean },
  now: number,
): Promise<Failure> {
  const row = await database
    .prepare(
      `UPDATE shards SET state = CASE WHEN ?5 OR attempts >= ${MOST_ATTEMPTS} THEN 'failed' ELSE 'open' END, ` +
        `error = ?4, lease = NULL, lease_expires = NULL, ended_at = ?6, sent_at = ?6, resent = 0 WHERE ${MINE} RETURNING state`,
    )
    .bind(evaluation, shard.id, lease, reason.slice(0, LONGEST_REASON), final ? 1 : 0, now)
    .first<{ state: "open" | "failed" }>();
  return row?.state ?? "lost";
}
