/** Routes that need a token. */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { Scope } from "../../../shared/api/tokens.ts";
import type { ApiEnvironment } from "../environment.ts";
import { countFailure, limitToken } from "../limits/limits.ts";
import { ApiError } from "../problems/api-error.ts";
import { authenticate } from "./authenticate.ts";
import type { Principal } from "./principal.ts";

/** The name by which openapi.json calls the scheme. */
export const BEARER = "bearer";

/**
 * Spread into a route: it then answers 401 without a token and 403 without any of the scopes, before anything else of
 * the request is looked at.
 */
export function secured(...scopes: readonly [Scope, ...Scope[]]) {
  return { middleware: [requireScope(scopes)], security: scopes.map((scope) => ({ [BEARER]: [scope] })) };
}

function requireScope(scopes: readonly Scope[]) {
  return createMiddleware<ApiEnvironment>(async (context, next) => {
    const principal = await requirePrincipal(context);
    if (!scopes.some((scope) => principal.scopes.includes(scope))) {
      throw new ApiError(
        403,
        "scope-missing",
        `This token may ${principal.scopes.join(", ")}, but this needs the scope ${scopes.join(" or ")}; ask for a token with it.`,
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

/** Who asks, within what a token may do in a while. @throws ApiError 401, 429. */
export async function requirePrincipal(context: Context<ApiEnvironment>): Promise<Principal> {
  const authorization = context.req.header("Authorization");
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
