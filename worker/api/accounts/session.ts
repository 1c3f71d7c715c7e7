/** Who asks, by the cookie of a browser that is signed in. */
import type { Context } from "hono";
import { SCOPES } from "../../../shared/api/tokens.ts";
import type { ApiEnvironment } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";
import { accountBlocked } from "../tokens/authenticate.ts";
import type { Principal } from "../tokens/principal.ts";
import { readCookie } from "./cookies.ts";
import { isAdmin, originOf, signInSettings } from "./settings.ts";
import { findSession, type LiveSession } from "./store.ts";

const SECRET = /^[0-9a-f]{64}$/;

/** Null where no browser that was signed in asks, or its session is over. */
export async function liveSession(context: Context<ApiEnvironment>): Promise<LiveSession | null> {
  const { env } = context;
  if (signInSettings(env) === null) return null;
  const secret = readCookie(context, "session");
  return secret !== undefined && SECRET.test(secret) ? findSession(env.DB, secret, Date.now()) : null;
}

/**
 * Who is signed in; null where nobody is.
 *
 * @throws ApiError 403 where another site's page asks for a change, or the account was shut out.
 */
export async function sessionPrincipal(context: Context<ApiEnvironment>): Promise<Principal | null> {
  const session = await liveSession(context);
  if (!session) return null;
  assertOwnPage(context);
  const { account } = session;
  if (account.blocked !== null) throw accountBlocked(account.blocked);
  const scopes = isAdmin(context.env, account) ? SCOPES : (["submit", "evaluate"] as const);
  return { id: account.id, scopes };
}

/**
 * Browsers say which page a change comes from, and a cookie alone proves nothing: it goes along whoever wrote the page.
 * Programs use tokens.
 *
 * @throws ApiError 403
 */
export function assertOwnPage({ req, env }: Context<ApiEnvironment>): void {
  if (["GET", "HEAD", "OPTIONS"].includes(req.method)) return;
  const site = req.header("Sec-Fetch-Site");
  const page = req.header("Origin");
  const own = site === undefined ? page === originOf(env, req.raw) : site === "same-origin";
  if (own) return;
  throw new ApiError(
    403,
    "foreign-page",
    `A page of ${(page ?? site ?? "an unnamed site").slice(0, 200)} may not change anything in the name of whoever is signed ` +
      "in; use the board's own pages, or a token.",
  );
}
