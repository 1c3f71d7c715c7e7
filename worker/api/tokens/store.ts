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
}

export interface StoredToken extends Token {
  readonly hash: string;
}

export interface NewToken {
  readonly label: string;
  readonly scopes: readonly Scope[];
  /** Milliseconds since 1970, as `now` is. */
  readonly expiresAt: number;
}

export async function issueToken(
  database: D1Database,
  { label, scopes, expiresAt }: NewToken,
  now: number,
): Promise<Token & { readonly token: string }> {
  const { id, token, hash } = await newSecret();
  const distinct = [...new Set(scopes)];
  await database
    .prepare("INSERT INTO tokens (id, label, hash, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)")
    .bind(id, label, hash, JSON.stringify(distinct), now, expiresAt)
    .run();
  const dates = { createdAt: isoDate(now), expiresAt: isoDate(expiresAt), revokedAt: null, lastUsedOn: null };
  return { id, label, scopes: distinct, ...dates, token };
}

export async function findToken(database: D1Database, id: string): Promise<StoredToken | null> {
  const row = await database.prepare("SELECT * FROM tokens WHERE id = ?").bind(id).first<TokenRow>();
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

/** Newest first. */
export async function listTokens(database: D1Database): Promise<StoredToken[]> {
  const { results } = await database
    .prepare("SELECT * FROM tokens ORDER BY created_at DESC, id LIMIT ?")
    .bind(MOST_LISTED)
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
  };
}

const isoDate = (milliseconds: number) => new Date(milliseconds).toISOString();
