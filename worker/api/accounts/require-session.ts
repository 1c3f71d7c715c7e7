/** Routes for people who are signed in, and for no token: one that got lost must not make others. */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { ApiEnvironment } from "../environment.ts";
import { limitToken } from "../limits/limits.ts";
import { ApiError } from "../problems/api-error.ts";
import { liveSession, sessionPrincipal } from "./session.ts";
import { requireSignIn } from "./settings.ts";
import type { Account } from "./store.ts";

/** The name by which openapi.json calls the scheme. */
export const SESSION_SCHEME = "session";

const requireSession = createMiddleware<ApiEnvironment>(async (context, next) => {
  requireSignIn(context.env);
  const principal = await sessionPrincipal(context);
  if (!principal) throw signedOut();
  await limitToken(context, principal.id);
  context.set("principal", principal);
  await next();
});

/** Spread into a route: it then answers 401 to whoever is not signed in, and 404 where nobody can be. */
export const SIGNED_IN = { middleware: [requireSession], security: [{ [SESSION_SCHEME]: [] }] };

/** Of whom a route with `SIGNED_IN` was asked. */
export async function requireAccount(context: Context<ApiEnvironment>): Promise<Account> {
  const session = await liveSession(context);
  // It may have ended this moment.
  if (!session) throw signedOut();
  return session.account;
}

function signedOut(): ApiError {
  return new ApiError(401, "signed-out", "Nobody is signed in here, or no longer; sign in at /account.", {
    headers: { "WWW-Authenticate": 'Bearer realm="plateau"' },
  });
}
