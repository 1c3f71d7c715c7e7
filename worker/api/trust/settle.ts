/**
 * Judges replays of an evaluation's shards. When all that was drawn has come out alike, the row is replicated; who gave
 * something else than an arbiter or the majority is cut off. Whoever asks, and however often: the same comes out.
 */
import { jobOptionsSchema, type JobOptions } from "../../../shared/shards/shard.ts";
import type { AdvanceOptions } from "../evaluations/advance.ts";
import type { EvaluationBindings } from "../evaluations/bindings.ts";
import { dropBlobs } from "../evaluations/blobs.ts";
import { dropShards } from "../evaluations/forget.ts";
import { wake } from "../evaluations/messages.ts";
import { cutOff } from "./cut-off.ts";
import { sendOpenReplays } from "./draw-replays.ts";
import { judgeShard } from "./judge-shard.ts";
import { supersede } from "./supersede.ts";

export interface Unverified {
  readonly id: string;
  readonly options: JobOptions;
  /** Bytes of the model. */
  readonly bytes: number;
}

interface Row {
  readonly options: string;
  readonly suite: string;
  readonly sha256: string;
  readonly suite_bytes: number;
  readonly bytes: number;
  /** Whether the checkpoint's row is this evaluation's result. */
  readonly current: number;
}

/** Nothing happens where the evaluation is not one of lent workers that has yet to be verified. */
export async function settle(
  bindings: EvaluationBindings,
  id: string,
  { withSuite, hold, now }: Pick<AdvanceOptions, "withSuite" | "hold" | "now">,
): Promise<void> {
  const { DB, BLOBS } = bindings;
  const row = await DB.prepare(
    "SELECT e.options, u.id AS suite, u.sha256, u.bytes AS suite_bytes, c.bytes, " +
      "EXISTS (SELECT 1 FROM results r WHERE r.suite = e.suite AND r.checkpoint = e.checkpoint AND " +
      "r.result_sha256 = e.result_sha256) AS current FROM evaluations e JOIN suites u ON u.id = e.suite " +
      "JOIN checkpoints c ON c.id = e.checkpoint WHERE e.id = ? AND e.standing = 'unverified'",
  )
    .bind(id)
    .first<Row>();
  if (!row) return;
  if (!row.current) {
    await DB.batch(supersede(DB, id));
    await dropBlobs(BLOBS, id);
    return;
  }
  const shards = await returnedShards(DB, id);
  if (shards.length > 0) {
    const options = jobOptionsSchema.parse(JSON.parse(row.options));
    const file = { id: row.suite, sha256: row.sha256, bytes: row.suite_bytes };
    const evaluation = { id, options, bytes: row.bytes };
    const open = await withSuite(file, async (suite) => {
      let again = false;
      for (const shard of shards) {
        const { wrong, undecided } = await judgeShard(bindings, { evaluation, shard, suite, hold, now });
        for (const each of wrong) await cutOff(bindings, { ...each, evaluation: id, shard }, now);
        // The other shards that were run again may be gone now: whoever is woken looks again.
        if (wrong.length > 0) {
          await wake(bindings.SHARDS, [id]);
          return true;
        }
        again ||= undecided;
      }
      return again;
    });
    if (open) {
      await sendOpenReplays(bindings, id);
      return;
    }
  }
  await concludeIfAgreed(bindings, id);
}

/** Shards that were run again by all who were to, and of which that is yet to be judged. */
async function returnedShards(database: D1Database, evaluation: string): Promise<string[]> {
  const { results } = await database
    .prepare(
      "SELECT shard FROM replays WHERE evaluation = ? AND counts = 1 GROUP BY shard " +
        "HAVING sum(state = 'returned') > 0 AND sum(state IN ('open', 'leased')) = 0 ORDER BY min(id)",
    )
    .bind(evaluation)
    .all<{ shard: string }>();
  return results.map(({ shard }) => shard);
}

async function concludeIfAgreed({ DB, BLOBS }: EvaluationBindings, id: string): Promise<void> {
  const [, concluded] = await DB.batch([
    DB.prepare(
      "UPDATE evaluations SET standing = 'replicated' WHERE id = ?1 AND standing = 'unverified' AND " +
        "EXISTS (SELECT 1 FROM replays WHERE evaluation = ?1 AND counts = 1) AND NOT EXISTS " +
        "(SELECT 1 FROM replays WHERE evaluation = ?1 AND counts = 1 AND state <> 'done') AND NOT EXISTS " +
        "(SELECT 1 FROM shards s JOIN cut_offs o ON o.worker = s.worker WHERE s.evaluation = ?1)",
    ).bind(id),
    DB.prepare(
      "UPDATE results SET origin = 'replicated' WHERE (suite, checkpoint, result_sha256) IN (SELECT suite, checkpoint, " +
        "result_sha256 FROM evaluations WHERE id = ?1 AND standing = 'replicated') AND origin = 'unverified' RETURNING 1",
    ).bind(id),
    dropShards(DB, id, "finished"),
  ]);
  if (concluded!.results.length > 0) await dropBlobs(BLOBS, id);
}
