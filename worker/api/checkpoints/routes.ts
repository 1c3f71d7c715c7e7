import { createRoute, z } from "@hono/zod-openapi";
import { checkpointSchema } from "../../../shared/api/checkpoints.ts";
import { checkpointIdSchema, suiteNameSchema } from "../../../shared/api/names.ts";
import { createApi } from "../create-api.ts";
import { ApiError } from "../problems/api-error.ts";
import { hasCurrent, notModified } from "../requests/entity-tag.ts";
import { file, json, PROBLEM } from "../responses.ts";
import { requireSuite } from "../suites/store.ts";
import { requireCheckpoint, requireResultHash, resultKey } from "./store.ts";

/** Written by this board after validation: see Result in the components. */
export const RESULT_FILE = { $ref: "#/components/schemas/Result" };

const show = createRoute({
  method: "get",
  path: "/checkpoints/{id}",
  summary: "A checkpoint: its card, and its row on every board",
  request: { params: z.object({ id: checkpointIdSchema }) },
  responses: { 200: json(checkpointSchema, "The checkpoint"), ...PROBLEM },
});

const result = createRoute({
  method: "get",
  path: "/checkpoints/{id}/results/{suite}",
  summary: "The whole result with one suite: all errors, tensors, examples, and the receipt",
  request: { params: z.object({ id: checkpointIdSchema, suite: suiteNameSchema }) },
  responses: { 200: file("application/json", RESULT_FILE, "The result"), ...PROBLEM },
});

export const checkpoints = createApi()
  .openapi(show, async (context) => {
    const { id } = context.req.valid("param");
    return context.json(await requireCheckpoint(context.env.DB, id), 200);
  })
  .openapi(result, async (context) => {
    const { DB, BLOBS } = context.env;
    const { id, suite: name } = context.req.valid("param");
    const suite = await requireSuite(DB, name);
    const hash = await requireResultHash(DB, id, suite.id);
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
