import { createRoute, z } from "@hono/zod-openapi";
import { evaluationIdSchema } from "../../../shared/api/evaluations.ts";
import { ownerSchema } from "../../../shared/api/tokens.ts";
import { auditSchema, cutOffListSchema } from "../../../shared/api/work.ts";
import { createApi } from "../create-api.ts";
import { ApiError } from "../problems/api-error.ts";
import { json, PROBLEM } from "../responses.ts";
import { secured } from "../tokens/secured.ts";
import { auditOf, letWorkAgain, listCutOffs } from "./audit.ts";

const FRESH = { "Cache-Control": "no-store" };

const { middleware, security } = secured("admin");

const audit = createRoute({
  method: "get",
  path: "/evaluations/{id}/audit",
  summary: "Who computed an evaluation, which shards others ran again, and what came of it",
  request: { params: z.object({ id: evaluationIdSchema }) },
  responses: { 200: json(auditSchema, "The audit"), ...PROBLEM },
});

const list = createRoute({
  method: "get",
  path: "/work/cut-off",
  summary: "Workers whose results were found to be wrong: none are taken from them any more",
  security,
  middleware,
  responses: { 200: json(cutOffListSchema, "The last one first"), ...PROBLEM },
});

const lift = createRoute({
  method: "delete",
  path: "/work/cut-off/{worker}",
  summary: "Let a worker work again; what was discarded stays discarded",
  security,
  middleware,
  request: { params: z.object({ worker: ownerSchema }) },
  responses: { 204: { description: "It may claim shards again" }, ...PROBLEM },
});

export const trust = createApi()
  .openapi(audit, async (context) =>
    context.json(await auditOf(context.env.DB, context.req.valid("param").id), 200, FRESH),
  )
  .openapi(list, async (context) => context.json({ workers: await listCutOffs(context.env.DB) }, 200, FRESH))
  .openapi(lift, async (context) => {
    const { worker } = context.req.valid("param");
    if (await letWorkAgain(context.env.DB, worker)) return context.body(null, 204);
    throw new ApiError(
      404,
      "not-cut-off",
      `The worker ${worker} was not cut off; GET work/cut-off lists those.`,
    );
  });
