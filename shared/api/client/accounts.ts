/** Who is signed in, with a browser's cookie; their tokens; and what they may use. */
import { quotasSchema, sessionSchema, type NewAccountToken, type Quotas, type Session } from "../accounts.ts";
import { issuedTokenSchema, tokenListSchema, type IssuedToken, type Token } from "../tokens.ts";
import { request, requestJson, type Connection, type RequestOptions } from "./connection.ts";

type Signal = Pick<RequestOptions, "signal">;

export function getSession(connection: Connection, options?: Signal): Promise<Session> {
  return requestJson(connection, sessionSchema, "session", options);
}

export async function signOut(connection: Connection, options?: Signal): Promise<void> {
  await request(connection, "session", { ...options, method: "DELETE" });
}

export function getQuotas(connection: Connection, options?: Signal): Promise<Quotas> {
  return requestJson(connection, quotasSchema, "quotas", options);
}

/** Newest first. */
export async function listOwnTokens(connection: Connection, options?: Signal): Promise<Token[]> {
  return (await requestJson(connection, tokenListSchema, "account/tokens", options)).tokens;
}

export function issueOwnToken(
  connection: Connection,
  token: NewAccountToken,
  options?: Signal,
): Promise<IssuedToken> {
  return requestJson(connection, issuedTokenSchema, "account/tokens", { ...options, json: token });
}

export async function revokeOwnToken(connection: Connection, id: string, options?: Signal): Promise<void> {
  await request(connection, `account/tokens/${encodeURIComponent(id)}`, { ...options, method: "DELETE" });
}
