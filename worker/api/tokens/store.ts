/** Tokens in D1. */
import { z } from "zod";
import { scopeSchema, type Scope, type Token } from "../../../shared/api/tokens.ts";
import { newSecret } from "./secret.ts";

/** More than these are not listed. */
export const MOST_LISTED = 1000;

interface TokenRow {
  readonly id: string;
  readonly label: string;
  readonly hash: string;
  readonly scopes: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly revoked_at: number | null;
  readonly last_used_on: string | null;
  readonly account: string | null;
  readonly login: string | null;
  readonly blocked_reason: string | null;
}

export interface StoredToken extends Token {
  readonly hash: string;
  /** Id of the account that it belongs to. */
  readonly accountId: string | null;
  /** Why that account was shut out; null where it was not. */
  readonly blocked: string | null;
}

const SELECT = "SELECT t.*, a.login, a.blocked_reason FROM tokens t LEFT JOIN accounts a ON a.id = t.account";

export interface NewToken {
  readonly label: string;
  readonly scopes: readonly Scope[];
  /** Milliseconds since 1970, as `now` is. */
  readonly expiresAt: number;
  /** Whose it is; nobody's where absent. */
  readonly account?: { readonly id: string; readonly login: string };
}

export async function issueToken(
  database: D1Database,
  { label, scopes, expiresAt, account }: NewToken,
  now: number,
): Promise<Token & { readonly token: string }> {
  const { id, token, hash } = await newSecret();
  const distinct = [...new Set(scopes)];
  await database
    .prepare(
      "INSERT INTO tokens (id, label, hash, scopes, created_at, expires_at, account) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id, label, hash, JSON.stringify(distinct), now, expiresAt, account?.id ?? null)
    .run();
  const dates = { createdAt: isoDate(now), expiresAt: isoDate(expiresAt), revokedAt: null, lastUsedOn: null };
  return { id, label, scopes: distinct, ...dates, account: account?.login ?? null, token };
}

export async function findToken(database: D1Database, id: string): Promise<StoredToken | null> {
  const row = await database.prepare(`${SELECT} WHERE t.id = ?`).bind(id).first<TokenRow>();
  return row && tokenOf(row);
}

/** Keeps the day of the last use; written once a day. */
export async function noteUse(
  database: D1Database,
  { id, lastUsedOn }: Pick<StoredToken, "id" | "lastUsedOn">,
  now: number,
): Promise<void> {
  const day = isoDate(now).slice(0, 10);
  if (day === lastUsedOn) return;
  await database.prepare("UPDATE tokens SET last_used_on = ? WHERE id = ?").bind(day, id).run();
}

/** Newest first. @param account whose; all where absent. */
export async function listTokens(database: D1Database, account?: string): Promise<StoredToken[]> {
  const { results } = await database
    .prepare(`${SELECT} WHERE ?1 IS NULL OR t.account = ?1 ORDER BY t.created_at DESC, t.id LIMIT ?2`)
    .bind(account ?? null, MOST_LISTED)
    .all<TokenRow>();
  return results.map(tokenOf);
}

/** Null where there is no such token. One that was revoked before stays as it was. */
export async function revokeToken(
  database: D1Database,
  id: string,
  now: number,
): Promise<StoredToken | null> {
  await database
    .prepare("UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL")
    .bind(now, id)
    .run();
  return findToken(database, id);
}

function tokenOf(row: TokenRow): StoredToken {
  return {
    id: row.id,
    label: row.label,
    hash: row.hash,
    scopes: z.array(scopeSchema).parse(JSON.parse(row.scopes)),
    createdAt: isoDate(row.created_at),
    expiresAt: isoDate(row.expires_at),
    revokedAt: row.revoked_at === null ? null : isoDate(row.revoked_at),
    lastUsedOn: row.last_used_on,
    account: row.login,
    accountId: row.account,
    blocked: row.blocked_reason,
  };
}

const isoDate = (milliseconds: number) => new Date(milliseconds).toISOString();
