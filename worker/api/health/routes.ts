import { createRoute, z } from "@hono/zod-openapi";
import { createApi } from "../create-api.ts";
import { ApiError } from "../problems/api-error.ts";
import { json, PROBLEM } from "../responses.ts";
import { VERSION } from "../version.ts";

const health = createRoute({
  method: "get",
  path: "/health",
  summary: "Whether the board can read its database",
  responses: {
    200: json(z.object({ status: z.literal("ok"), version: z.string() }), "It can"),
    ...PROBLEM,
  },
});

export const healthRoutes = createApi().openapi(health, async (context) => {
  try {
    await context.env.DB.prepare("SELECT count(*) FROM suites").first();
  } catch (cause) {
    throw new ApiError(503, "database", "The database does not answer, or has not been migrated.", { cause });
  }
  return context.json({ status: "ok" as const, version: VERSION }, 200, { "Cache-Control": "no-store" });
});
