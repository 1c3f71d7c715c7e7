/**
 * Who may have models evaluated without storing anything: a token with the scope, or whoever sits at the machine itself.
 * The latter must not open the door to web pages: any page may send requests to localhost, and by giving its own name the
 * address 127.0.0.1 it may even pass for the same origin. So the name that was asked for must be this machine's, and the
 * page that asks, if one does, must be of this very board.
 */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { ApiEnvironment } from "../environment.ts";
import { isLocal } from "../limits/client.ts";
import { ApiError } from "../problems/api-error.ts";
import { takeEvaluation } from "../quotas/evaluations.ts";
import { allowanceOf } from "../quotas/settings.ts";
import { optionalPrincipal, secured } from "../tokens/secured.ts";

const withToken = secured("evaluate");

const admit = createMiddleware<ApiEnvironment>(async (context, next) => {
  if (await optionalPrincipal(context)) return withToken.middleware[0]!(context, next);
  assertLocal(context.req.raw);
  await next();
});

/** Spread into a route. */
export const OPEN_LOCALLY = {
  middleware: [admit],
  security: [...withToken.security, {}],
};

/** Against the quota of whoever asks; nobody counts on the machine itself. @throws ApiError 429 */
export async function countEvaluation({ env, var: { principal } }: Context<ApiEnvironment>): Promise<void> {
  if (!principal) return;
  await takeEvaluation(env.DB, principal.id, allowanceOf(env, principal).evaluationsPerDay, Date.now());
}

/** @throws ApiError 401 from elsewhere, 403 for a page of another origin. */
export function assertLocal({ url, headers }: Request): void {
  const { origin, hostname } = new URL(url);
  if (!isLocal(headers) || !isLoopbackName(hostname)) {
    throw new ApiError(
      401,
      "token-missing",
      "This needs a token with the scope evaluate, sent as 'Authorization: Bearer TOKEN'; only on the machine itself, asked " +
        "as localhost or 127.0.0.1, does it go without.",
      { headers: { "WWW-Authenticate": `Bearer realm="plateau"` } },
    );
  }
  const page = headers.get("Origin");
  const site = headers.get("Sec-Fetch-Site");
  if ((page === null || page === origin) && (site === null || site === "same-origin" || site === "none"))
    return;
  throw new ApiError(
    403,
    "foreign-page",
    `A page of ${(page ?? "another site").slice(0, 200)} may not use this board without a token; send one with the scope ` +
      "evaluate.",
  );
}

function isLoopbackName(hostname: string): boolean {
  return (
    hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}
