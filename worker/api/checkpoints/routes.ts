import { createRoute, z } from "@hono/zod-openapi";
import {
  checkpointChangesSchema,
  checkpointSchema,
  ownCheckpointsQuerySchema,
  ownCheckpointsSchema,
  MOST_REPLACED,
  replacedResultsSchema,
  resultQuerySchema,
} from "../../../shared/api/checkpoints.ts";
import { checkpointIdSchema, suiteNameSchema } from "../../../shared/api/names.ts";
import { uploadSchema } from "../../../shared/api/uploads.ts";
import { recomputeSoon } from "../boards/tiers/recompute-soon.ts";
import { createApi } from "../create-api.ts";
import { ApiError } from "../problems/api-error.ts";
import { hasCurrent, notModified } from "../requests/entity-tag.ts";
import { limitBody } from "../requests/limit-body.ts";
import { file, json, PROBLEM } from "../responses.ts";
import { requireSuite } from "../suites/store.ts";
import type { Principal } from "../tokens/principal.ts";
import { secured } from "../tokens/secured.ts";
import { describeUpload } from "../uploads/describe.ts";
import { discardUpload } from "../uploads/discard.ts";
import { findUpload } from "../uploads/store.ts";
import { mayManage, TOKEN_OPTIONAL, whoAsks } from "./access.ts";
import { changeCheckpoint } from "./change.ts";
import { downloadModel } from "./download.ts";
import { listOwn } from "./list.ts";
import { removeCheckpoint } from "./remove.ts";
import { replacedResults, requireResultHash } from "./results.ts";
import { findManaged, noSuchCheckpoint, requireCheckpoint, resultKey } from "./store.ts";
import type { ManagedCheckpoint } from "./store.ts";

/** Written by this board after validation: see Result in the components. */
export const RESULT_FILE = { $ref: "#/components/schemas/Result" };
const LARGEST_BODY = 524_288;

const params = z.object({ id: checkpointIdSchema });
const resultParams = params.extend({ suite: suiteNameSchema });
const managed = secured("submit", "admin");

const list = createRoute({
  method: "get",
  path: "/checkpoints",
  summary: "What the token has uploaded, newest first, and what it is uploading",
  ...secured("submit"),
  request: { query: ownCheckpointsQuerySchema },
  responses: { 200: json(ownCheckpointsSchema, "A page"), ...PROBLEM },
});

const show = createRoute({
  method: "get",
  path: "/checkpoints/{id}",
  summary: "A checkpoint: its card, and its row on every board",
  description: "With the token that is uploading it: what is here of it so far.",
  security: TOKEN_OPTIONAL,
  request: { params },
  responses: {
    200: json(
      z.discriminatedUnion("state", [checkpointSchema, uploadSchema]),
      "The checkpoint, or the upload that becomes one",
    ),
    ...PROBLEM,
  },
});

const download = createRoute({
  method: "get",
  path: "/checkpoints/{id}/file",
  summary:
    "The model: for anyone where the checkpoint is public, otherwise with its owner's token or an admin's",
  description: "Ranges may be asked for. The ETag is the file's sha256.",
  security: TOKEN_OPTIONAL,
  request: { params },
  responses: {
    200: file("application/octet-stream", { type: "string", format: "binary" }, "The file"),
    206: file("application/octet-stream", { type: "string", format: "binary" }, "The range of it"),
    304: { description: "The client has it" },
    ...PROBLEM,
  },
});

const change = createRoute({
  method: "patch",
  path: "/checkpoints/{id}",
  summary: "Change who may have a checkpoint, or fields of its card: its owner, or an admin",
  ...managed,
  middleware: [...managed.middleware, limitBody(LARGEST_BODY)],
  request: {
    params,
    body: { required: true, content: { "application/json": { schema: checkpointChangesSchema } } },
  },
  responses: { 200: json(checkpointSchema, "The checkpoint as it is now"), ...PROBLEM },
});

const remove = createRoute({
  method: "delete",
  path: "/checkpoints/{id}",
  summary:
    "Remove a checkpoint, with its results and rows on boards, or cancel its upload: its owner, or an admin",
  ...managed,
  request: { params },
  responses: { 204: { description: "It is gone" }, ...PROBLEM },
});

const result = createRoute({
  method: "get",
  path: "/checkpoints/{id}/results/{suite}",
  summary: "The whole result with one suite: all errors, tensors, examples, and the receipt",
  request: { params: resultParams, query: resultQuerySchema },
  responses: { 200: file("application/json", RESULT_FILE, "The result"), ...PROBLEM },
});

const replaced = createRoute({
  method: "get",
  path: "/checkpoints/{id}/results/{suite}/replaced",
  summary: `Results with one suite that others took the place of on the board: the last ${MOST_REPLACED}`,
  request: { params: resultParams },
  responses: { 200: json(replacedResultsSchema, "The last one first"), ...PROBLEM },
});

export const checkpoints = createApi()
  .openapi(list, async (context) => {
    const own = await listOwn(
      context.env.DB,
      context.get("principal").id,
      context.req.valid("query"),
      Date.now(),
    );
    return context.json(own, 200, { "Cache-Control": "no-store" });
  })
  .openapi(show, async (context) => {
    const { env } = context;
    const { id } = context.req.valid("param");
    const principal = await whoAsks(context);
    const upload = principal && (await findUpload(env.DB, id, principal.id, Date.now()));
    if (!upload || upload.checkpoint !== null) return context.json(await requireCheckpoint(env.DB, id), 200);
    const path = context.req.path.slice(0, -id.length - 1);
    return context.json(await describeUpload(env, upload, path), 200, { "Cache-Control": "no-store" });
  })
  .openapi(download, async (context) => {
    const principal = await whoAsks(context);
    return downloadModel(context.env, context.req.valid("param").id, principal, context.req.raw);
  })
  .openapi(change, async (context) => {
    const { DB } = context.env;
    const { id } = context.req.valid("param");
    const checkpoint = await findManaged(DB, id);
    if (!checkpoint) throw noSuchCheckpoint(id);
    assertMayManage(context.get("principal"), checkpoint);
    await changeCheckpoint(DB, checkpoint, context.req.valid("json"));
    return context.json(await requireCheckpoint(DB, id), 200);
  })
  .openapi(remove, async (context) => {
    const { env } = context;
    const { id } = context.req.valid("param");
    const principal = context.get("principal");
    const now = Date.now();
    let checkpoint = await findManaged(env.DB, id);
    if (!checkpoint) {
      const owner = principal.scopes.includes("admin") ? null : principal.id;
      if (await discardUpload(env, id, owner, now)) return context.body(null, 204);
      // The upload may have become a checkpoint between the two.
      checkpoint = await findManaged(env.DB, id);
      if (!checkpoint) throw noSuchCheckpoint(id);
    }
    assertMayManage(principal, checkpoint);
    recomputeSoon(context, await removeCheckpoint(env, checkpoint, now));
    return context.body(null, 204);
  })
  .openapi(replaced, async (context) => {
    const { DB } = context.env;
    const { id, suite: name } = context.req.valid("param");
    const suite = await requireSuite(DB, name);
    return context.json(await replacedResults(DB, id, suite.id), 200);
  })
  .openapi(result, async (context) => {
    const { DB, BLOBS } = context.env;
    const { id, suite: name } = context.req.valid("param");
    const suite = await requireSuite(DB, name);
    const hash = await requireResultHash(DB, id, suite.id, context.req.valid("query").sha256);
    const headers = {
      ETag: `"${hash}"`,
      "Cache-Control": "public, no-cache",
      "Content-Type": "application/json",
      "Content-Disposition": `attachment; filename="${id}.${suite.id}.json"`,
    };
    if (hasCurrent(context.req.header("If-None-Match"), headers.ETag)) return notModified(headers);
    const object = await BLOBS.get(resultKey(hash));
    if (!object)
      throw new ApiError(503, "file-missing", `The result ${hash} is not in storage; import it again.`);
    return new Response(object.body, { headers });
  });

function assertMayManage(principal: Principal, { id, owner }: ManagedCheckpoint): void {
  if (mayManage(principal, owner)) return;
  throw new ApiError(
    403,
    "not-yours",
    `The checkpoint ${id} is not yours; its owner or an admin may do this.`,
  );
}
