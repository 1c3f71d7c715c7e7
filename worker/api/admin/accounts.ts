/** Accounts as those who run the board see them. */
import type { ListedAccount } from "../../../shared/api/accounts.ts";
import { MOST_LISTED } from "../../../shared/api/admin.ts";
import { isAdmin } from "../accounts/settings.ts";
import type { Bindings } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";

interface AccountRow {
  readonly id: string;
  readonly github_id: number;
  readonly login: string;
  readonly created_at: number;
  readonly signed_in_at: number;
  readonly blocked_reason: string | null;
  readonly blocked_at: number | null;
  readonly checkpoints: number;
  readonly stored: number;
  readonly evaluations: number;
  readonly tokens: number;
}

/** Whoever signed in last comes first. */
export async function listAccounts(env: Bindings, now: number): Promise<ListedAccount[]> {
  const { results } = await env.DB.prepare(
    "SELECT a.*, (SELECT count(*) FROM checkpoints c WHERE c.owner = a.id) AS checkpoints, " +
      "(SELECT coalesce(sum(bytes), 0) FROM checkpoints c WHERE c.owner = a.id) AS stored, " +
      "coalesce((SELECT evaluations FROM evaluation_counts n WHERE n.owner = a.id AND n.day = ?1), 0) AS evaluations, " +
      "(SELECT count(*) FROM tokens t WHERE t.account = a.id AND revoked_at IS NULL AND expires_at > ?2) AS tokens " +
      "FROM accounts a ORDER BY signed_in_at DESC, id LIMIT ?3",
  )
    .bind(Math.floor(now / 86_400_000), now, MOST_LISTED)
    .all<AccountRow>();
  return results.map((row) => ({
    id: row.id,
    login: row.login,
    admin: isAdmin(env, { githubId: row.github_id, login: row.login }),
    createdAt: isoDate(row.created_at),
    signedInAt: isoDate(row.signed_in_at),
    blocked:
      row.blocked_reason === null ? null : { at: isoDate(row.blocked_at!), reason: row.blocked_reason },
    checkpoints: row.checkpoints,
    storedBytes: row.stored,
    evaluationsToday: row.evaluations,
    tokens: row.tokens,
  }));
}

/** Its sessions end, and its tokens count no more; what it uploaded stays. @throws ApiError 404 without the account. */
export async function blockAccount(
  database: D1Database,
  id: string,
  reason: string,
  now: number,
): Promise<void> {
  const [changed] = await database.batch([
    database
      .prepare("UPDATE accounts SET blocked_reason = ?, blocked_at = ? WHERE id = ? RETURNING 1")
      .bind(reason, now, id),
    database.prepare("DELETE FROM sessions WHERE account = ?").bind(id),
  ]);
  if (changed!.results.length === 0) throw noSuchAccount(id);
}

/** Letting in one that is in changes nothing. @throws ApiError 404 without the account. */
export async function letIn(database: D1Database, id: string): Promise<void> {
  const found = await database
    .prepare("UPDATE accounts SET blocked_reason = NULL, blocked_at = NULL WHERE id = ? RETURNING 1")
    .bind(id)
    .first();
  if (!found) throw noSuchAccount(id);
}

function noSuchAccount(id: string): ApiError {
  return new ApiError(404, "no-such-account", `There is no account ${id}; GET admin/accounts lists them.`);
}

const isoDate = (milliseconds: number) => new Date(milliseconds).toISOString();
