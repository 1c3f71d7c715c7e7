/** Who asks: from the Authorization header to a principal. */
import { SCOPES } from "../../../shared/api/tokens.ts";
import type { Bindings } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";
import type { Principal } from "./principal.ts";
import { idOfToken, sameText, tokenHasHash } from "./secret.ts";
import { findToken, noteUse } from "./store.ts";

/** A shorter one could be guessed. */
const SHORTEST_OWNER_TOKEN = 32;

/** @throws ApiError 401 without a token that counts. */
export async function authenticate(
  authorization: string | undefined,
  { DB, PLATEAU_OWNER_TOKEN: ownerToken }: Bindings,
  now: number,
): Promise<Principal> {
  if (authorization === undefined) {
    throw unauthorised(
      "token-missing",
      "This needs a token; send it as 'Authorization: Bearer TOKEN'.",
      null,
    );
  }
  const token = /^Bearer +(\S{1,512})$/i.exec(authorization)?.[1];
  if (token === undefined) {
    throw unauthorised(
      "token-malformed",
      "The Authorization header is not 'Bearer TOKEN'; send it like that.",
    );
  }
  if (ownerToken) {
    if (ownerToken.length < SHORTEST_OWNER_TOKEN) {
      throw new ApiError(
        503,
        "owner-token-too-short",
        `PLATEAU_OWNER_TOKEN has fewer than ${SHORTEST_OWNER_TOKEN} characters; set a longer one, made by chance.`,
      );
    }
    if (await sameText(token, ownerToken)) return { id: "owner", scopes: SCOPES };
  }
  const id = idOfToken(token);
  const stored = id === null ? null : await findToken(DB, id);
  if (!stored || !(await tokenHasHash(token, stored.hash))) {
    throw unauthorised("token-unknown", "This board knows no such token; ask whoever runs it for one.");
  }
  if (stored.revokedAt !== null) {
    throw unauthorised("token-revoked", `This token was revoked at ${stored.revokedAt}; ask for another.`);
  }
  if (Date.parse(stored.expiresAt) <= now) {
    throw unauthorised("token-expired", `This token expired at ${stored.expiresAt}; ask for another.`);
  }
  if (stored.blocked !== null) throw accountBlocked(stored.blocked);
  await noteUse(DB, stored, now);
  return { id: stored.accountId ?? stored.id, scopes: stored.scopes };
}

/** Neither sessions nor tokens of the account count any more. @param reason as the admin gave it. */
export function accountBlocked(reason: string): ApiError {
  return new ApiError(
    403,
    "account-blocked",
    `Whoever runs this board has shut this account out (${reason}); ask them to let it in again.`,
  );
}

/** @param error of RFC 6750, 3.1; null where no token was sent. */
function unauthorised(code: string, detail: string, error: string | null = "invalid_token"): ApiError {
  const challenge = `Bearer realm="plateau"${error ? `, error="${error}"` : ""}`;
  return new ApiError(401, code, detail, { headers: { "WWW-Authenticate": challenge } });
}
