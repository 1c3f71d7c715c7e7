/** Who may see and change what. */
import type { Context } from "hono";
import { SIGNED_IN } from "../accounts/require-session.ts";
import type { ApiEnvironment } from "../environment.ts";
import type { Principal } from "../tokens/principal.ts";
import { BEARER, optionalPrincipal } from "../tokens/secured.ts";

/** Of routes that anyone may ask, where a token or a session opens more: in openapi.json, no token or any. */
export const TOKEN_OPTIONAL: Record<string, string[]>[] = [{}, { [BEARER]: [] }, ...SIGNED_IN.security];

/** On routes that anyone may ask: who does, or null without a token. @throws ApiError 401 for one that does not count. */
export function whoAsks(context: Context<ApiEnvironment>): Promise<Principal | null> {
  return optionalPrincipal(context);
}

/** Whether it is theirs, or they run the board. */
export function mayManage(principal: Principal | null, owner: string | null): boolean {
  if (principal === null) return false;
  return principal.scopes.includes("admin") || (owner !== null && principal.id === owner);
}
