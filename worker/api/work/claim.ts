/** Which shard a lent worker gets. */
import type { Claim as Wish } from "../../../shared/api/work.ts";
import { findLease, type HeldLease } from "../evaluations/find-lease.ts";
import { LEASE, sweepLeases } from "../evaluations/leases.ts";
import { ApiError } from "../problems/api-error.ts";
import { randomHex } from "../random.ts";
import { sweepReplays } from "../trust/replays.ts";
import { VERSION } from "../version.ts";

/**
 * Shards that only lent workers run come first, those of the preferred evaluation before those of the oldest; then shards
 * to run again that others did. Whoever failed at a shard gets it again only if there is nothing else.
 *
 * @param worker id of the token.
 * @returns null where there is nothing for this worker.
 */
export async function claimWork(
  database: D1Database,
  wish: Wish,
  worker: string,
  now: number,
): Promise<HeldLease | null> {
  const lease = randomHex(16);
  // Whoever is cut off at this moment gets nothing any more.
  const welcome = "NOT EXISTS (SELECT 1 FROM cut_offs WHERE worker = ?3)";
  const { device, ort, plateau, prefer = null, largestModel = null } = wish;
  const [, , taken] = await database.batch([
    sweepLeases(database, now),
    sweepReplays(database, now),
    database
      .prepare(
        "UPDATE shards SET state = 'leased', attempts = attempts + 1, lease = ?1, lease_expires = ?2, worker = ?3, " +
          "device = ?4, claimed_at = ?5, ort = ?6, plateau = ?7, told = NULL WHERE rowid = (SELECT s.rowid " +
          "FROM evaluations e JOIN shards s ON s.evaluation = e.id JOIN checkpoints c ON c.id = e.checkpoint " +
          "WHERE e.device = 'lent' AND e.state IN ('queued', 'running') AND s.state = 'open' AND " +
          `(?9 IS NULL OR c.bytes <= ?9) AND ${welcome} ` +
          "ORDER BY s.worker IS ?3, e.id IS ?8 DESC, e.created_at, e.id, s.rowid LIMIT 1) RETURNING 1",
      )
      .bind(lease, now + LEASE, worker, device, now, ort, plateau, prefer, largestModel),
  ]);
  if (taken!.results.length === 0) {
    await database
      .prepare(
        "UPDATE replays SET state = 'leased', attempts = attempts + 1, lease = ?1, lease_expires = ?2, worker = ?3, " +
          "device = ?4, claimed_at = ?5 WHERE id = (SELECT r.id " +
          "FROM replays r JOIN evaluations e ON e.id = r.evaluation JOIN checkpoints c ON c.id = e.checkpoint " +
          "WHERE r.state = 'open' AND r.place = 'lent' AND e.standing = 'unverified' AND r.maker <> ?3 AND " +
          `(?7 IS NULL OR c.bytes <= ?7) AND ${welcome} AND ` +
          "NOT EXISTS (SELECT 1 FROM replays o WHERE o.evaluation = r.evaluation AND " +
          "o.shard = r.shard AND o.counts = 1 AND o.id <> r.id AND o.worker = ?3) " +
          "ORDER BY r.worker IS ?3, e.id IS ?6 DESC, r.id LIMIT 1)",
      )
      .bind(lease, now + LEASE, worker, device, now, prefer, largestModel)
      .run();
  }
  return findLease(database, lease, worker, now);
}

/**
 * Other versions may give other numbers, and whoever gives other numbers is cut off.
 *
 * @throws ApiError 409 where the worker's is not the board's.
 */
export function assertSameVersion({ plateau }: Pick<Wish, "plateau">): void {
  if (plateau === VERSION) return;
  throw new ApiError(
    409,
    "other-version",
    `This board runs Plateau ${VERSION}, and this worker ${plateau}; install the board's version.`,
  );
}

/** Seconds before another claim makes sense: shards come in waves, with short pauses between. */
const [SOON, LATER] = [3, 10];

export async function secondsToWait(database: D1Database): Promise<number> {
  const going = await database
    .prepare("SELECT 1 FROM evaluations WHERE device = 'lent' AND state IN ('queued', 'running') LIMIT 1")
    .first();
  return going ? SOON : LATER;
}
