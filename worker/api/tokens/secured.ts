/** Routes that need a token, or a browser that is signed in. */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { Scope } from "../../../shared/api/tokens.ts";
import { SIGNED_IN } from "../accounts/require-session.ts";
import { sessionPrincipal } from "../accounts/session.ts";
import type { ApiEnvironment } from "../environment.ts";
import { countFailure, limitToken } from "../limits/limits.ts";
import { ApiError } from "../problems/api-error.ts";
import { authenticate } from "./authenticate.ts";
import type { Principal } from "./principal.ts";

/** The name by which openapi.json calls the scheme. */
export const BEARER = "bearer";

/**
 * Spread into a route: it then answers 401 without a token or session and 403 without any of the scopes, before anything
 * else of the request is looked at.
 */
export function secured(...scopes: readonly [Scope, ...Scope[]]) {
  const security: Record<string, string[]>[] = scopes.map((scope) => ({ [BEARER]: [scope] }));
  return { middleware: [requireScope(scopes)], security: [...security, ...SIGNED_IN.security] };
}

function requireScope(scopes: readonly Scope[]) {
  return createMiddleware<ApiEnvironment>(async (context, next) => {
    const principal = await requirePrincipal(context);
    if (!scopes.some((scope) => principal.scopes.includes(scope))) {
      throw new ApiError(
        403,
        "scope-missing",
        `${byToken(context) ? "This token" : "This account"} may ${principal.scopes.join(", ")}, but this needs the scope ` +
          `${scopes.join(" or ")}; ask for a token with it.`,
        {
          headers: {
            "WWW-Authenticate": `Bearer realm="plateau", error="insufficient_scope", scope="${scopes.join(" ")}"`,
          },
        },
      );
    }
    context.set("principal", principal);
    await next();
  });
}

/** Who asks, within what a token may do in a while. A token counts before a session. @throws ApiError 401, 403, 429. */
export async function requirePrincipal(context: Context<ApiEnvironment>): Promise<Principal> {
  const authorization = context.req.header("Authorization");
  const signedIn = authorization === undefined ? await sessionPrincipal(context) : null;
  if (signedIn) {
    await limitToken(context, signedIn.id);
    return signedIn;
  }
  try {
    const principal = await authenticate(authorization, context.env, Date.now());
    await limitToken(context, principal.id);
    return principal;
  } catch (error) {
    if (authorization !== undefined && error instanceof ApiError && error.status === 401) {
      await countFailure(context);
    }
    throw error;
  }
}

/**
 * Who asks, on routes that are open to anyone; null without a token or session, and for an account that is shut out, which
 * may read what anyone may. @throws ApiError as `requirePrincipal`.
 */
export async function optionalPrincipal(context: Context<ApiEnvironment>): Promise<Principal | null> {
  if (byToken(context)) return requirePrincipal(context);
  return sessionPrincipal(context).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === "account-blocked") return null;
    throw error;
  });
}

const byToken = ({ req }: Context<ApiEnvironment>) => req.header("Authorization") !== undefined;
