import { createRoute, z } from "@hono/zod-openapi";
import { checkpointSchema } from "../../../shared/api/checkpoints.ts";
import { checkpointIdSchema } from "../../../shared/api/names.ts";
import {
  MOST_PARTS,
  newUploadSchema,
  partCount,
  partRange,
  receivedPartSchema,
  uploadSchema,
} from "../../../shared/api/uploads.ts";
import { findOwnCheckpoint, requireCheckpoint } from "../checkpoints/store.ts";
import { createApi } from "../create-api.ts";
import { ApiError } from "../problems/api-error.ts";
import { allowanceOf } from "../quotas/settings.ts";
import { limitBody } from "../requests/limit-body.ts";
import { json, PROBLEM } from "../responses.ts";
import { secured } from "../tokens/secured.ts";
import { completeUpload } from "./complete.ts";
import { describeUpload } from "./describe.ts";
import { partKey, storePart } from "./parts.ts";
import { addUpload, isPending, requireUpload, resumeUpload } from "./store.ts";

/** A card may have 65,536 characters of JSON, each up to six bytes where it is escaped. */
const LARGEST_BODY = 524_288;
const BYTES = { schema: { type: "string", format: "binary" } } as const;

const { middleware, security } = secured("submit");
const params = z.object({ id: checkpointIdSchema });

const begin = createRoute({
  method: "post",
  path: "/checkpoints",
  summary: "Begin to upload a model, with its card",
  description:
    "Then PUT its parts, in any order, and complete it. Where `sha256` is given, asking again resumes: the answer is the " +
    "upload that is under way, or the checkpoint that the same token made of the same model before.",
  security,
  middleware: [...middleware, limitBody(LARGEST_BODY)],
  request: { body: { required: true, content: { "application/json": { schema: newUploadSchema } } } },
  responses: {
    200: json(
      z.discriminatedUnion("state", [uploadSchema, checkpointSchema]),
      "It was begun before, or is complete",
    ),
    201: json(uploadSchema, "Begun"),
    ...PROBLEM,
  },
});

const send = createRoute({
  method: "put",
  path: "/checkpoints/{id}/parts/{number}",
  summary: "Send a part of a model; sending it again replaces it",
  description: "The bytes alone, with their Content-Length. Nothing is kept of a part that breaks off.",
  security,
  middleware,
  request: {
    params: params.extend({ number: z.coerce.number().int().min(1).max(MOST_PARTS) }),
    body: { required: true, content: { "application/octet-stream": BYTES } },
  },
  responses: { 200: json(receivedPartSchema, "It is here"), ...PROBLEM },
});

const complete = createRoute({
  method: "post",
  path: "/checkpoints/{id}/complete",
  summary: "Make a checkpoint of an upload whose parts are all here",
  description:
    "The model is hashed and inspected. One that is refused (422) is thrown away. Asking again changes nothing. Of a model " +
    "that the same token uploaded before, the answer is that checkpoint, with its card as it was.",
  security,
  middleware,
  request: { params },
  responses: {
    200: json(checkpointSchema, "It was there already"),
    201: json(checkpointSchema, "The checkpoint"),
    ...PROBLEM,
  },
});

export const uploads = createApi()
  .openapi(begin, async (context) => {
    const { env } = context;
    const { id: owner } = context.get("principal");
    const upload = context.req.valid("json");
    const now = Date.now();
    const there = upload.sha256 && (await findOwnCheckpoint(env.DB, owner, upload.sha256));
    if (there) return context.json(await requireCheckpoint(env.DB, there), 200);
    const { path } = context.req;
    const resumed = await resumeUpload(env.DB, owner, upload, now);
    if (resumed) return context.json(await describeUpload(env, resumed, path), 200);
    const allowance = allowanceOf(env, context.get("principal"));
    const added = await requireUpload(
      env.DB,
      await addUpload(env.DB, owner, upload, allowance, now),
      owner,
      now,
    );
    return context.json(await describeUpload(env, added, path), 201);
  })
  .openapi(send, async (context) => {
    const { DB, BLOBS } = context.env;
    const { id, number } = context.req.valid("param");
    const upload = await requireUpload(DB, id, context.get("principal").id, Date.now());
    if (upload.checkpoint !== null || upload.sha256 !== null) {
      throw new ApiError(409, "upload-complete", `All of ${id} is here; it takes no more parts.`);
    }
    const count = partCount(upload.bytes);
    if (number > count) {
      throw new ApiError(404, "no-such-part", `${id} has ${upload.bytes} bytes, in parts 1 to ${count}.`);
    }
    await storePart(BLOBS, id, number, upload.bytes, context.req.raw);
    if (!(await isPending(DB, id, Date.now()))) {
      await BLOBS.delete(partKey(id, number));
      throw new ApiError(409, "upload-complete", `${id} ended while this part came in; it was not kept.`);
    }
    return context.json({ id, number, bytes: partRange(upload.bytes, number).length }, 200);
  })
  .openapi(complete, async (context) => {
    const { env } = context;
    const { id } = context.req.valid("param");
    const { checkpoint, added } = await completeUpload(env, id, context.get("principal").id, Date.now());
    return context.json(await requireCheckpoint(env.DB, checkpoint), added ? 201 : 200);
  });
