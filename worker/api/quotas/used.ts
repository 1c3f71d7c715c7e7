/** What was used of what one may use. */
import type { Quotas } from "../../../shared/api/accounts.ts";
import { evaluationsToday, resetAt } from "./evaluations.ts";
import type { Allowance } from "./settings.ts";

interface Stored {
  readonly complete: number;
  readonly pending: number;
  readonly uploads: number;
}

/** Bytes of checkpoints whose files are here, and uploads under way. */
export async function storedOf(database: D1Database, owner: string, now: number): Promise<Stored> {
  const pending = "FROM uploads WHERE owner = ?1 AND checkpoint IS NULL AND expires_at > ?2";
  const row = await database
    .prepare(
      "SELECT (SELECT coalesce(sum(bytes), 0) FROM checkpoints WHERE owner = ?1) AS complete, " +
        `(SELECT coalesce(sum(bytes), 0) ${pending}) AS pending, (SELECT count(*) ${pending}) AS uploads`,
    )
    .bind(owner, now)
    .first<Stored>();
  return row!;
}

export async function quotasOf(
  database: D1Database,
  owner: string,
  { evaluationsPerDay, storedBytes, pendingUploads }: Allowance,
  now: number,
): Promise<Quotas> {
  const [evaluations, stored] = await Promise.all([
    evaluationsToday(database, owner, now),
    storedOf(database, owner, now),
  ]);
  const resetsAt = new Date(resetAt(now)).toISOString();
  return {
    owner,
    evaluationsPerDay: { used: evaluations, most: evaluationsPerDay, resetsAt },
    storedBytes: { used: stored.complete + stored.pending, most: storedBytes },
    pendingUploads: { used: stored.uploads, most: pendingUploads },
  };
}
