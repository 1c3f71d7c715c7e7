/**
 * How often one may ask over a network: reading is all but free, changing anything is not, and showing tokens that do not
 * count is for few tries. Who sits at the machine itself is not held up.
 */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { ApiEnvironment, Bindings } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";
import { clientAddress, isLocal } from "./client.ts";
import { FixedWindow, type RateOptions } from "./fixed-window.ts";

/** As in wrangler.toml, whose limits hold for a whole location; without them each isolate counts for itself. */
export const LIMITS = {
  READS: { limit: 6000, period: 60 },
  WRITES: { limit: 600, period: 60 },
  FAILURES: { limit: 20, period: 60 },
} as const satisfies Record<string, RateOptions>;

type Kind = keyof typeof LIMITS;
type Limited = Pick<Bindings, Kind>;

const own: Record<Kind, Pick<RateLimit, "limit">> = {
  READS: new FixedWindow(LIMITS.READS),
  WRITES: new FixedWindow(LIMITS.WRITES),
  FAILURES: new FixedWindow(LIMITS.FAILURES),
};

/** What is counted, in words. */
const WHAT: Record<Kind, string> = {
  READS: "requests",
  WRITES: "changes",
  FAILURES: "requests with tokens or sign-ins that do not count",
};

/** For all routes: by address. */
export const limitAddress = createMiddleware<ApiEnvironment>(async ({ req, env }, next) => {
  await count(env, req.raw, isReading(req.raw) ? "READS" : "WRITES", "address");
  await next();
});

/** For changes with a token: one address may have several, and one token several addresses. @throws ApiError 429 */
export async function limitToken({ req, env }: Context<ApiEnvironment>, id: string): Promise<void> {
  if (!isReading(req.raw)) await count(env, req.raw, "WRITES", "token", id);
}

/** After a token was refused. @throws ApiError 429 in place of the refusal, where there were too many. */
export async function countFailure({ req, env }: Context<ApiEnvironment>): Promise<void> {
  await count(env, req.raw, "FAILURES", "address");
}

function isReading({ method }: Request): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

async function count(
  env: Limited,
  { headers }: Request,
  kind: Kind,
  whose: "address" | "token",
  id = clientAddress(headers),
): Promise<void> {
  if (isLocal(headers)) return;
  const key = `${whose} ${id}`;
  const { success } = await (env[kind] ?? own[kind]).limit({ key });
  if (success) return;
  const { limit, period } = LIMITS[kind];
  throw new ApiError(
    429,
    "too-many-requests",
    `More than ${limit} ${WHAT[kind]} came from this ${whose} within ${period} seconds; wait ${period} seconds, then go on ` +
      "more slowly.",
    { headers: { "Retry-After": String(period) } },
  );
}
