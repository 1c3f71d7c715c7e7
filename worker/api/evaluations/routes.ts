import { createRoute, z } from "@hono/zod-openapi";
import {
  evaluationEventSchema,
  evaluationIdSchema,
  evaluationListQuerySchema,
  evaluationListSchema,
  evaluationSchema,
  newEvaluationSchema,
} from "../../../shared/api/evaluations.ts";
import { createApi } from "../create-api.ts";
import { allowanceOf } from "../quotas/settings.ts";
import { limitBody } from "../requests/limit-body.ts";
import { textStream } from "../requests/stream.ts";
import { file, json, PROBLEM } from "../responses.ts";
import { requireSuite } from "../suites/store.ts";
import { secured } from "../tokens/secured.ts";
import { eventId, evaluationEvents, hasEnded } from "./events.ts";
import { retryEvaluation } from "./retry.ts";
import { startEvaluation } from "./start.ts";
import { evaluationOf, eventOf, listEvaluations, requireEvaluation } from "./store.ts";

const LARGEST_BODY = 4096;

const params = z.object({ id: evaluationIdSchema });
const { middleware, security } = secured("submit", "admin");

const start = createRoute({
  method: "post",
  path: "/evaluations",
  summary: "Have a checkpoint evaluated with a suite: its owner, or an admin",
  description:
    "Location says where to follow it. Seed, directions and measures are the suite's. The result becomes the " +
    "checkpoint's row on the suite's board, in the place of an earlier one. Of lent workers it is unverified until a random " +
    "sample of their shards came out alike when others ran them again. Lent workers get the model's file while they run " +
    "its shards, private or not.",
  security,
  middleware: [...middleware, limitBody(LARGEST_BODY)],
  request: { body: { required: true, content: { "application/json": { schema: newEvaluationSchema } } } },
  responses: {
    200: json(evaluationSchema, "The same is under way already: that evaluation"),
    202: json(evaluationSchema, "It will be done"),
    ...PROBLEM,
  },
});

const list = createRoute({
  method: "get",
  path: "/evaluations",
  summary: "List evaluations, the newest first; those that ended are history",
  request: { query: evaluationListQuerySchema },
  responses: { 200: json(evaluationListSchema, "A page"), ...PROBLEM },
});

const show = createRoute({
  method: "get",
  path: "/evaluations/{id}",
  summary: "How far an evaluation is, or how it ended",
  request: { params },
  responses: { 200: json(evaluationSchema, "The evaluation"), ...PROBLEM },
});

const retry = createRoute({
  method: "post",
  path: "/evaluations/{id}/retry",
  summary: "Try a failed evaluation again; what was done stays done",
  security,
  middleware,
  request: { params },
  responses: { 202: json(evaluationSchema, "It goes on"), ...PROBLEM },
});

const EVENT = z.toJSONSchema(evaluationEventSchema) as object;

const events = createRoute({
  method: "get",
  path: "/evaluations/{id}/events",
  summary: "Server-sent events: how far an evaluation is, whenever that changes, up to its end",
  description:
    "Events are called `progress`, the last one `end`. A stream ends after some minutes; come back with Last-Event-ID, as " +
    "browsers do, until the answer is 204.",
  request: { params },
  responses: {
    200: file("text/event-stream", EVENT, "Events"),
    204: { description: "It has ended, and the client knows" },
    ...PROBLEM,
  },
});

export const evaluations = createApi()
  .openapi(start, async (context) => {
    const { env } = context;
    const { checkpoint, suite: name, workers } = context.req.valid("json");
    const suite = await requireSuite(env.DB, name);
    const principal = context.get("principal");
    const wanted = { checkpoint, suite, workers, perDay: allowanceOf(env, principal).evaluationsPerDay };
    const { evaluation, added } = await startEvaluation(env, wanted, principal, Date.now());
    const headers = { Location: `${context.req.path}/${evaluation.id}` };
    return context.json(evaluationOf(evaluation), added ? 202 : 200, headers);
  })
  .openapi(list, async (context) => {
    const { DB } = context.env;
    const { suite: name, ...query } = context.req.valid("query");
    const suite = name === undefined ? {} : { suite: (await requireSuite(DB, name)).id };
    return context.json(await listEvaluations(DB, { ...query, ...suite }), 200, {
      "Cache-Control": "no-store",
    });
  })
  .openapi(show, async (context) => {
    const row = await requireEvaluation(context.env.DB, context.req.valid("param").id);
    return context.json(evaluationOf(row), 200, { "Cache-Control": "no-store" });
  })
  .openapi(retry, async (context) => {
    const { id } = context.req.valid("param");
    const principal = context.get("principal");
    const { evaluationsPerDay } = allowanceOf(context.env, principal);
    const row = await retryEvaluation(context.env, id, principal, evaluationsPerDay, Date.now());
    return context.json(evaluationOf(row), 202);
  })
  .openapi(events, async (context) => {
    const { DB } = context.env;
    const { id } = context.req.valid("param");
    const event = eventOf(await requireEvaluation(DB, id));
    const lastId = context.req.header("Last-Event-ID");
    if (hasEnded(event) && lastId === eventId(event)) return context.body(null, 204);
    const wait = (milliseconds: number) => scheduler.wait(milliseconds);
    return new Response(textStream(evaluationEvents(DB, id, { lastId, wait })), {
      headers: {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-store",
        // Proxies would keep events until there are many.
        "X-Accel-Buffering": "no",
      },
    });
  });
