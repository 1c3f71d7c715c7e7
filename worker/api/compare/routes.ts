import { createRoute } from "@hono/zod-openapi";
import {
  compareQuerySchema,
  comparisonSchema,
  FEWEST_COMPARED,
  MOST_COMPARED,
} from "../../../shared/api/compare.ts";
import { createApi } from "../create-api.ts";
import { json, PROBLEM } from "../responses.ts";
import { requireSuite } from "../suites/store.ts";
import { compareCheckpoints } from "./compare.ts";

const compare = createRoute({
  method: "get",
  path: "/compare",
  summary: `${FEWEST_COMPARED} to ${MOST_COMPARED} checkpoints side by side: differences of each pair, and of their cards`,
  description:
    "Differences are taken on common examples where both results hold per-example values: far smaller errors than " +
    "those of the values themselves.",
  request: { query: compareQuerySchema },
  responses: { 200: json(comparisonSchema, "The comparison"), ...PROBLEM },
});

export const comparisons = createApi().openapi(compare, async (context) => {
  const { suite: name, checkpoint } = context.req.valid("query");
  const suite = await requireSuite(context.env.DB, name);
  return context.json(await compareCheckpoints(context.env, suite, checkpoint), 200, {
    "Cache-Control": "public, no-cache",
  });
});
