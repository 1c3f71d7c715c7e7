import { createRoute, z } from "@hono/zod-openapi";
import {
  acceptedSchema,
  blobKeySchema,
  blobWrittenSchema,
  claimAnswerSchema,
  claimSchema,
  failureOutcomeSchema,
  heartbeatSchema,
  leaseSchema,
  workFailureSchema,
  workResultSchema,
} from "../../../shared/api/work.ts";
import { MAX_PAYLOAD_BYTES } from "../../../shared/shards/shard.ts";
import { sendModel } from "../checkpoints/download.ts";
import { createApi } from "../create-api.ts";
import { LEASE } from "../evaluations/leases.ts";
import { ApiError } from "../problems/api-error.ts";
import { limitBody } from "../requests/limit-body.ts";
import { file, json, PROBLEM } from "../responses.ts";
import { suiteKey } from "../suites/store.ts";
import { secured } from "../tokens/secured.ts";
import { assertNotCutOff } from "../trust/cut-off.ts";
import { readBlob, writeBlob } from "./blobs.ts";
import { assertSameVersion, claimWork, secondsToWait } from "./claim.ts";
import { failWork } from "./failure.ts";
import { renewWork } from "./heartbeat.ts";
import { requireLease } from "./require-lease.ts";
import { acceptResult } from "./result.ts";
import { workOf } from "./work-of.ts";

const LARGEST_BODY = 16_384;
/** In JSON a character of the payload takes two at most, as long as it is JSON itself. */
const LARGEST_RESULT = 2 * MAX_PAYLOAD_BYTES + LARGEST_BODY;
const LEASE_SECONDS = LEASE / 1000;
const FRESH = { "Cache-Control": "no-store" };

const { middleware, security } = secured("work", "admin");
const params = z.object({ lease: leaseSchema });
const blobParams = params.extend({ key: blobKeySchema });
const BYTES = { type: "string", format: "binary" } as const;
const OCTETS = "application/octet-stream";

const body = <S extends z.ZodType>(schema: S) => ({
  body: { required: true, content: { "application/json": { schema } } },
});

const claim = createRoute({
  method: "post",
  path: "/work/claim",
  summary:
    "Take a shard to run: of evaluations that lent workers compute, or one that another worker ran before",
  description:
    "Null where there is nothing to do for this worker. Which of both it is is not told. 403 `cut-off`: this token's results " +
    "were found to be wrong, and no more are taken. 409 `other-version`: the worker's Plateau is not the board's.",
  security,
  middleware: [...middleware, limitBody(LARGEST_BODY)],
  request: body(claimSchema),
  responses: { 200: json(claimAnswerSchema, "A shard and a lease of it, or nothing"), ...PROBLEM },
});

const beat = createRoute({
  method: "post",
  path: "/work/{lease}/heartbeat",
  summary: "Keep a lease; 409 `lease-lost` where it holds no more",
  security,
  middleware,
  request: { params },
  responses: { 200: json(heartbeatSchema, "For how long it holds from now on"), ...PROBLEM },
});

const result = createRoute({
  method: "post",
  path: "/work/{lease}/result",
  summary: "What the shard gave, once; 409 `lease-lost`, 422 `wrong-payload`",
  security,
  middleware: [...middleware, limitBody(LARGEST_RESULT)],
  request: { params, ...body(workResultSchema) },
  responses: { 200: json(acceptedSchema, "It counts"), ...PROBLEM },
});

const failure = createRoute({
  method: "post",
  path: "/work/{lease}/failure",
  summary: "Give a shard back that came to nothing, with the reason",
  description:
    "That a failure is final ends an evaluation on an admin's word only; of others it is one attempt.",
  security,
  middleware: [...middleware, limitBody(LARGEST_BODY)],
  request: { params, ...body(workFailureSchema) },
  responses: { 200: json(failureOutcomeSchema, "Whether someone will try it again"), ...PROBLEM },
});

const model = createRoute({
  method: "get",
  path: "/work/{lease}/model",
  summary: "The model's file while the lease holds; ranges are answered",
  security,
  middleware,
  request: { params },
  responses: {
    200: file(OCTETS, BYTES, "The file"),
    206: file(OCTETS, BYTES, "The bytes asked for"),
    304: { description: "The client has it" },
    ...PROBLEM,
  },
});

const suite = createRoute({
  method: "get",
  path: "/work/{lease}/suite",
  summary: "The suite file while the lease holds",
  security,
  middleware,
  request: { params },
  responses: {
    200: file("application/json", { $ref: "#/components/schemas/SuiteFile" }, "The file"),
    ...PROBLEM,
  },
});

const read = createRoute({
  method: "get",
  path: "/work/{lease}/blobs/{key}",
  summary: "Features that another shard left, for fits; slashes of the key are written %2F",
  security,
  middleware,
  request: { params: blobParams },
  responses: { 200: file(OCTETS, BYTES, "float32, little-endian"), ...PROBLEM },
});

const write = createRoute({
  method: "put",
  path: "/work/{lease}/blobs/{key}",
  summary: "Leave features for fits: shards that extract them, before their result",
  security,
  middleware,
  request: { params: blobParams, body: { required: true, content: { [OCTETS]: { schema: BYTES } } } },
  responses: { 200: json(blobWrittenSchema, "They are there"), ...PROBLEM },
});

export const work = createApi()
  .openapi(claim, async (context) => {
    const { DB } = context.env;
    const { id } = context.get("principal");
    const wish = context.req.valid("json");
    await assertNotCutOff(DB, id);
    assertSameVersion(wish);
    const held = await claimWork(DB, wish, id, Date.now());
    const answer = held
      ? { work: await workOf(DB, held, LEASE_SECONDS), secondsToWait: 0 }
      : { work: null, secondsToWait: await secondsToWait(DB) };
    return context.json(answer, 200, FRESH);
  })
  .openapi(beat, async (context) => {
    const { lease } = context.req.valid("param");
    await renewWork(context.env.DB, lease, context.get("principal"), Date.now());
    return context.json({ leaseSeconds: LEASE_SECONDS }, 200, FRESH);
  })
  .openapi(result, async (context) => {
    const { lease } = context.req.valid("param");
    await acceptResult(context.env, lease, context.req.valid("json"), context.get("principal"), Date.now());
    return context.json({ accepted: true } as const, 200, FRESH);
  })
  .openapi(failure, async (context) => {
    const { lease } = context.req.valid("param");
    const principal = context.get("principal");
    const told = context.req.valid("json");
    const outcome = await failWork(context.env.DB, lease, told, principal, Date.now());
    return context.json({ outcome }, 200, FRESH);
  })
  .openapi(model, async (context) => {
    const { DB, BLOBS } = context.env;
    const { lease } = context.req.valid("param");
    const held = await requireLease(DB, lease, context.get("principal"), Date.now());
    const wanted = { id: held.checkpoint.id, ...held.model, caching: "private, no-store" };
    return sendModel(BLOBS, wanted, context.req.raw);
  })
  .openapi(suite, async (context) => {
    const { DB, BLOBS } = context.env;
    const { lease } = context.req.valid("param");
    const held = await requireLease(DB, lease, context.get("principal"), Date.now());
    const object = await BLOBS.get(suiteKey(held.suite.sha256));
    if (object)
      return new Response(object.body, { headers: { ...FRESH, "Content-Type": "application/json" } });
    throw new ApiError(
      503,
      "file-missing",
      `The file of ${held.suite.id} is not in storage; publish it again.`,
    );
  })
  .openapi(read, async (context) => {
    const { lease, key } = context.req.valid("param");
    const held = await requireLease(context.env.DB, lease, context.get("principal"), Date.now());
    const bytes = await readBlob(context.env, held, key);
    const headers = { ...FRESH, "Content-Type": OCTETS, "X-Content-Type-Options": "nosniff" };
    return new Response(bytes, { headers });
  })
  .openapi(write, async (context) => {
    const { lease, key } = context.req.valid("param");
    const held = await requireLease(context.env.DB, lease, context.get("principal"), Date.now());
    const bytes = await writeBlob(context.env, held, key, context.req.raw);
    return context.json({ key, bytes }, 200, FRESH);
  });
