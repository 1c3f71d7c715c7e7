/** Routes that need a token. */
import { createMiddleware } from "hono/factory";
import type { Scope } from "../../../shared/api/tokens.ts";
import type { ApiEnvironment } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";
import { authenticate } from "./authenticate.ts";

/** The name by which openapi.json calls the scheme. */
export const BEARER = "bearer";

/**
 * Spread into a route: it then answers 401 without a token and 403 without the scope, before anything else of the
 * request is looked at.
 */
export function secured(scope: Scope) {
  return { middleware: [requireScope(scope)], security: [{ [BEARER]: [scope] }] };
}

function requireScope(scope: Scope) {
  return createMiddleware<ApiEnvironment>(async (context, next) => {
    const principal = await authenticate(context.req.header("Authorization"), context.env, Date.now());
    if (!principal.scopes.includes(scope)) {
      throw new ApiError(
        403,
        "scope-missing",
        `This token may ${principal.scopes.join(", ")}, but this needs the scope ${scope}; ask for a token with it.`,
        {
          headers: {
            "WWW-Authenticate": `Bearer realm="plateau", error="insufficient_scope", scope="${scope}"`,
          },
        },
      );
    }
    context.set("principal", principal);
    await next();
  });
}
