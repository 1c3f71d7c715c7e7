import { createRoute, z } from "@hono/zod-openapi";
import { suiteNameSchema } from "../../../shared/api/names.ts";
import { publishedSuiteSchema, suiteListSchema, type PublishedSuite } from "../../../shared/api/suites.ts";
import { createApi } from "../create-api.ts";
import { ApiError } from "../problems/api-error.ts";
import { hasCurrent, notModified } from "../requests/entity-tag.ts";
import { requireMediaType } from "../requests/media-type.ts";
import { readText } from "../requests/read-body.ts";
import { file, json, PROBLEM } from "../responses.ts";
import { secured } from "../tokens/secured.ts";
import { LARGEST_SUITE, publishSuite } from "./publish.ts";
import { listSuites, requireSuite, suiteKey, type StoredSuite } from "./store.ts";

/** Read by hand, with an end, and by `parseSuite`: so openapi.json only names the form. */
const SUITE_FILE = { $ref: "#/components/schemas/SuiteFile" };

const params = z.object({ id: suiteNameSchema });

const list = createRoute({
  method: "get",
  path: "/suites",
  summary: "List suites",
  responses: { 200: json(suiteListSchema, "By name, the latest version first"), ...PROBLEM },
});

const show = createRoute({
  method: "get",
  path: "/suites/{id}",
  summary: "What a suite measures; a bare name means its latest version",
  request: { params },
  responses: { 200: json(publishedSuiteSchema, "The suite, without corpus and tasks"), ...PROBLEM },
});

const download = createRoute({
  method: "get",
  path: "/suites/{id}/file",
  summary: "The suite file: definition, corpus and tasks",
  request: { params },
  responses: { 200: file("application/json", SUITE_FILE, "The file"), ...PROBLEM },
});

const publish = createRoute({
  method: "post",
  path: "/suites",
  summary: "Publish a suite; it never changes after that",
  ...secured("admin"),
  request: { body: { required: true, content: { "application/json": { schema: SUITE_FILE } } } },
  responses: {
    200: json(publishedSuiteSchema, "It was published already"),
    201: json(publishedSuiteSchema, "Published"),
    ...PROBLEM,
  },
});

export const suites = createApi()
  .openapi(list, async (context) => {
    const all = await listSuites(context.env.DB);
    return context.json({ suites: all.map(shown) }, 200);
  })
  .openapi(show, async (context) => {
    const { id } = context.req.valid("param");
    return context.json(shown(await requireSuite(context.env.DB, id)), 200);
  })
  .openapi(download, async (context) => {
    const { DB, BLOBS } = context.env;
    const suite = await requireSuite(DB, context.req.valid("param").id);
    const headers = {
      ETag: `"${suite.sha256}"`,
      "Cache-Control": "public, no-cache",
      "Content-Type": "application/json",
      "Content-Disposition": `attachment; filename="${suite.id}.json"`,
    };
    if (hasCurrent(context.req.header("If-None-Match"), headers.ETag)) return notModified(headers);
    const object = await BLOBS.get(suiteKey(suite.sha256));
    if (!object)
      throw new ApiError(503, "file-missing", `The file of ${suite.id} is not in storage; publish it again.`);
    return new Response(object.body, { headers });
  })
  .openapi(publish, async (context) => {
    requireMediaType(context.req.raw, ["application/json"]);
    const text = await readText(context.req.raw, LARGEST_SUITE);
    const { suite, outcome } = await publishSuite(context.env, text, Date.now());
    return context.json(shown(suite), outcome === "added" ? 201 : 200);
  });

const shown = (suite: StoredSuite): PublishedSuite => publishedSuiteSchema.parse(suite);
