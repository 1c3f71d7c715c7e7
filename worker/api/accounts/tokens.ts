/** Tokens that people make for their own programs. */
import type { NewAccountToken } from "../../../shared/api/accounts.ts";
import type { Token } from "../../../shared/api/tokens.ts";
import { ApiError } from "../problems/api-error.ts";
import { issueToken, listTokens, revokeToken, type StoredToken } from "../tokens/store.ts";
import type { Account } from "./store.ts";

const DAY = 86_400_000;
const DAYS = 90;
const MOST_DAYS = 366;
/** That count, of one account. */
export const MOST_TOKENS = 20;

/** @throws ApiError 422 for a date that is past or too far off, 409 where there are too many. */
export async function issueOwnToken(
  database: D1Database,
  { id, login }: Account,
  { label, scopes, expiresAt }: NewAccountToken,
  now: number,
): Promise<Token & { readonly token: string }> {
  const expiry = expiresAt === undefined ? now + DAYS * DAY : Date.parse(expiresAt);
  if (expiry <= now || expiry > now + MOST_DAYS * DAY) {
    throw new ApiError(
      422,
      "bad-expiry",
      `expiresAt, ${expiresAt}, is ${expiry <= now ? "past" : "too far off"}; give a date within ${MOST_DAYS} days.`,
    );
  }
  const alive = (await listTokens(database, id)).filter((token) => counts(token, now));
  if (alive.length >= MOST_TOKENS) {
    throw new ApiError(
      409,
      "too-many-tokens",
      `You have ${alive.length} tokens, and ${MOST_TOKENS} are the most; revoke one that you no longer need.`,
    );
  }
  return issueToken(database, { label, scopes, expiresAt: expiry, account: { id, login } }, now);
}

/** @throws ApiError 404 where it is none of theirs. */
export async function revokeOwnToken(
  database: D1Database,
  account: string,
  id: string,
  now: number,
): Promise<StoredToken> {
  const own = (await listTokens(database, account)).some((token) => token.id === id);
  const revoked = own ? await revokeToken(database, id, now) : null;
  if (revoked) return revoked;
  throw new ApiError(404, "no-such-token", `You have no token ${id}; GET account/tokens lists yours.`);
}

const counts = ({ revokedAt, expiresAt }: Token, now: number) =>
  revokedAt === null && Date.parse(expiresAt) > now;
