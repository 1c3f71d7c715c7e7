/** Shards that are run again: claimed, renewed, returned and given back as those of evaluations are. */
import { LEASE } from "../evaluations/leases.ts";

/** Times that the edge tries to run a shard again; then a lent worker has to. */
export const MOST_EDGE_ATTEMPTS = 3;
/** As `replays.worker` has it. */
export const EDGE = "edge";

const MINE = "id = ?1 AND lease = ?2 AND state = 'leased'";
/** Where the result is replaced or discarded, nothing hangs on it any more. */
const WANTED = "(SELECT standing FROM evaluations WHERE id = replays.evaluation) = 'unverified'";
/** After an attempt that came to nothing. */
const BACK =
  "state = 'open', lease = NULL, lease_expires = NULL, " +
  `place = iif(worker = '${EDGE}' AND attempts >= ${MOST_EDGE_ATTEMPTS}, 'lent', place), sent_at = 0, resent = 0`;

export interface HeldReplay {
  /** Id of the replay. */
  readonly replay: number;
  readonly lease: string;
}

/** Takes back those whose lease expired. */
export function sweepReplays(database: D1Database, now: number): D1PreparedStatement {
  return database
    .prepare(`UPDATE replays SET ${BACK} WHERE state = 'leased' AND lease_expires <= ?`)
    .bind(now);
}

/** For the edge. False where someone has it, or nobody needs it any more. */
export async function leaseEdgeReplay(
  database: D1Database,
  { replay, lease }: HeldReplay,
  now: number,
): Promise<boolean> {
  const [, taken] = await database.batch([
    sweepReplays(database, now),
    database
      .prepare(
        "UPDATE replays SET state = 'leased', attempts = attempts + 1, lease = ?2, lease_expires = ?3, worker = ?4, " +
          `device = 'workerd', claimed_at = ?5 WHERE id = ?1 AND state = 'open' AND place = 'edge' AND ${WANTED} RETURNING id`,
      )
      .bind(replay, lease, now + LEASE, EDGE, now),
  ]);
  return taken!.results.length > 0;
}

/** Whether the lease still counts; it then lasts longer. */
export async function renewReplay(
  database: D1Database,
  { replay, lease }: HeldReplay,
  now: number,
): Promise<boolean> {
  const row = await database
    .prepare(`UPDATE replays SET lease_expires = ?3 WHERE ${MINE} AND ${WANTED} RETURNING 1`)
    .bind(replay, lease, now + LEASE)
    .first();
  return row !== null;
}

/** False where the lease did not count any more, so that nothing changed. */
export async function returnReplay(
  database: D1Database,
  { replay, lease }: HeldReplay,
  payload: string,
  now: number,
): Promise<boolean> {
  const row = await database
    .prepare(
      "UPDATE replays SET state = 'returned', payload = ?3, blobs = lease, lease = NULL, lease_expires = NULL, " +
        `error = NULL, ended_at = ?4 WHERE ${MINE} AND ${WANTED} RETURNING 1`,
    )
    .bind(replay, lease, payload, now)
    .first();
  return row !== null;
}

/** Someone else will run it. False where the lease did not count any more. */
export async function giveBackReplay(
  database: D1Database,
  { replay, lease }: HeldReplay,
  reason: string,
): Promise<boolean> {
  const row = await database
    .prepare(`UPDATE replays SET ${BACK}, error = ?3 WHERE ${MINE} RETURNING 1`)
    .bind(replay, lease, reason)
    .first();
  return row !== null;
}
