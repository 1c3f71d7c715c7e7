/** Accounts and their sessions in D1. */
import { hex, randomHex, sha256 } from "../random.ts";

/** Milliseconds that a session lasts. */
export const SESSION = 14 * 86_400_000;

export interface Account {
  readonly id: string;
  readonly githubId: number;
  readonly login: string;
  /** Why an admin shut it out; null where none did. */
  readonly blocked: string | null;
}

export interface LiveSession {
  readonly account: Account;
  readonly expiresAt: number;
}

interface AccountRow {
  readonly id: string;
  readonly github_id: number;
  readonly login: string;
  readonly blocked_reason: string | null;
}

/**
 * The account of this person, under the name that they have now; a new one at the first sign-in. Its id follows from who
 * they are, so that what was theirs is theirs again on a board that was restored from an export.
 *
 * @param place the GitHub that knows them.
 */
export async function keepAccount(
  database: D1Database,
  place: string,
  { id, login }: { readonly id: number; readonly login: string },
  now: number,
): Promise<Account> {
  const row = await database
    .prepare(
      "INSERT INTO accounts (id, github_id, login, created_at, signed_in_at) VALUES (?1, ?2, ?3, ?4, ?4) " +
        "ON CONFLICT (github_id) DO UPDATE SET login = excluded.login, signed_in_at = excluded.signed_in_at RETURNING *",
    )
    .bind(hex((await sha256(`${place}/${id}`)).subarray(0, 8)), id, login, now)
    .first<AccountRow>();
  return accountOf(row!);
}

/** Answers the secret that the browser keeps; of it the hash alone is stored. */
export async function startSession(database: D1Database, account: string, now: number): Promise<string> {
  const secret = randomHex(32);
  await database
    .prepare("INSERT INTO sessions (hash, account, created_at, expires_at) VALUES (?, ?, ?, ?)")
    .bind(await hashOf(secret), account, now, now + SESSION)
    .run();
  return secret;
}

/** Null where there is none, or its time is over. */
export async function findSession(
  database: D1Database,
  secret: string,
  now: number,
): Promise<LiveSession | null> {
  // Found by its hash: whatever the time of a look-up tells, it tells nothing of a secret of 256 random bits.
  const row = await database
    .prepare(
      "SELECT a.id, a.github_id, a.login, a.blocked_reason, s.expires_at FROM sessions s " +
        "JOIN accounts a ON a.id = s.account WHERE s.hash = ? AND s.expires_at > ?",
    )
    .bind(await hashOf(secret), now)
    .first<AccountRow & { readonly expires_at: number }>();
  return row && { account: accountOf(row), expiresAt: row.expires_at };
}

export async function endSession(database: D1Database, secret: string): Promise<void> {
  await database
    .prepare("DELETE FROM sessions WHERE hash = ?")
    .bind(await hashOf(secret))
    .run();
}

/** Sessions whose time is over. */
export async function dropSessions(database: D1Database, now: number): Promise<void> {
  await database.prepare("DELETE FROM sessions WHERE expires_at <= ?").bind(now).run();
}

const hashOf = async (secret: string) => hex(await sha256(secret));

function accountOf({ id, github_id, login, blocked_reason }: AccountRow): Account {
  return { id, githubId: github_id, login, blocked: blocked_reason };
}
