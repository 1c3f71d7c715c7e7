/** What a lease is for, and what running the shard takes: leases of shards and of replays look alike from outside. */
import { jobOptionsSchema, shardSchema, type JobOptions, type Shard } from "../../../shared/shards/shard.ts";
import type { Counts } from "./progress.ts";

export interface HeldLease {
  readonly lease: string;
  readonly evaluation: string;
  readonly shard: Shard;
  /** Id of the replay; null where it is the evaluation's own shard. */
  readonly replay: number | null;
  readonly options: JobOptions;
  readonly suite: { readonly id: string; readonly sha256: string; readonly bytes: number };
  readonly model: { readonly sha256: string; readonly bytes: number };
  readonly checkpoint: { readonly id: string; readonly name: string };
  /** Of the evaluation. */
  readonly progress: Counts & { readonly shards: number; readonly shards_done: number };
}

interface LeaseRow extends Counts {
  readonly evaluation: string;
  readonly shard: string;
  readonly replay: number | null;
  readonly options: string;
  readonly suite: string;
  readonly suite_sha256: string;
  readonly suite_bytes: number;
  readonly model_sha256: string;
  readonly model_bytes: number | null;
  readonly checkpoint: string;
  readonly name: string;
  readonly shards: number;
  readonly shards_done: number;
}

/**
 * Null where this worker does not hold such a lease, or holds it no more: it expired, or its evaluation has ended.
 *
 * @param worker as `shards.worker` and `replays.worker` have it.
 */
export async function findLease(
  database: D1Database,
  lease: string,
  worker: string,
  now: number,
): Promise<HeldLease | null> {
  const mine = "lease = ?1 AND worker = ?2 AND lease_expires > ?3 AND state = 'leased'";
  const row = await database
    .prepare(
      `WITH held AS (SELECT evaluation, id, NULL AS replay FROM shards WHERE ${mine} ` +
        `UNION ALL SELECT evaluation, shard, id FROM replays WHERE ${mine}) ` +
        "SELECT h.evaluation, h.replay, s.shard, e.options, e.state, e.operations, e.operations_done, e.wave, e.wave_share, " +
        "e.wave_operations, e.shards, e.shards_done, u.id AS suite, u.sha256 AS suite_sha256, u.bytes AS suite_bytes, " +
        "c.id AS checkpoint, c.name, c.sha256 AS model_sha256, c.bytes AS model_bytes FROM held h " +
        "JOIN shards s ON s.evaluation = h.evaluation AND s.id = h.id JOIN evaluations e ON e.id = h.evaluation " +
        "JOIN suites u ON u.id = e.suite JOIN checkpoints c ON c.id = e.checkpoint WHERE " +
        "CASE WHEN h.replay IS NULL THEN e.state IN ('queued', 'running') ELSE e.standing = 'unverified' END",
    )
    .bind(lease, worker, now)
    .first<LeaseRow>();
  if (!row) return null;
  return {
    lease,
    evaluation: row.evaluation,
    shard: shardSchema.parse(JSON.parse(row.shard)),
    replay: row.replay,
    options: jobOptionsSchema.parse(JSON.parse(row.options)),
    suite: { id: row.suite, sha256: row.suite_sha256, bytes: row.suite_bytes },
    model: { sha256: row.model_sha256, bytes: row.model_bytes ?? 0 },
    checkpoint: { id: row.checkpoint, name: row.name },
    progress: row,
  };
}

/** Payloads of the shards that this one needs, by their ids. */
export async function neededPayloads(
  database: D1Database,
  { evaluation, shard }: Pick<HeldLease, "evaluation"> & { readonly shard: Pick<Shard, "needs"> },
): Promise<Map<string, string>> {
  if (shard.needs.length === 0) return new Map();
  const { results } = await database
    .prepare(
      "SELECT id, payload FROM shards WHERE evaluation = ?1 AND payload IS NOT NULL AND " +
        "id IN (SELECT value FROM json_each(?2))",
    )
    .bind(evaluation, JSON.stringify(shard.needs))
    .all<{ id: string; payload: string }>();
  return new Map(results.map(({ id, payload }) => [id, payload]));
}
