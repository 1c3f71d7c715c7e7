import { createRoute, z } from "@hono/zod-openapi";
import {
  boardColumnsSchema,
  boardListSchema,
  boardPageSchema,
  boardQuerySchema,
  hiddenListSchema,
  hiddenRowSchema,
  hideSchema,
  MOST_HIDDEN,
} from "../../../shared/api/boards.ts";
import { checkpointIdSchema, suiteNameSchema } from "../../../shared/api/names.ts";
import { createApi } from "../create-api.ts";
import { hasCurrent, notModified } from "../requests/entity-tag.ts";
import { limitBody } from "../requests/limit-body.ts";
import { textStream } from "../requests/stream.ts";
import { json, PROBLEM } from "../responses.ts";
import { listSuites, requireSuite, type StoredSuite } from "../suites/store.ts";
import { secured } from "../tokens/secured.ts";
import { boardColumns } from "./columns.ts";
import { boardCsv } from "./csv.ts";
import { hiddenRows, hideRow, showRow } from "./hide.ts";
import { boardOrder } from "./order.ts";
import { boardPage } from "./page.ts";
import { recomputeSoon } from "./tiers/recompute-soon.ts";

const params = z.object({ suite: suiteNameSchema });
const rowParams = params.extend({ checkpoint: checkpointIdSchema });
const { middleware, security } = secured("admin");

const list = createRoute({
  method: "get",
  path: "/boards",
  summary: "List boards",
  responses: { 200: json(boardListSchema, "One for each suite"), ...PROBLEM },
});

const show = createRoute({
  method: "get",
  path: "/boards/{suite}",
  summary: "Rows of a board, sorted and filtered; a bare name means the latest version",
  description:
    "JSON comes in pages; CSV is the whole board that the filters let through, whatever `limit` and `cursor` say.",
  request: { params, query: boardQuerySchema },
  responses: {
    200: {
      description: "Rows",
      content: { "application/json": { schema: boardPageSchema }, "text/csv": { schema: z.string() } },
    },
    ...PROBLEM,
  },
});

const columns = createRoute({
  method: "get",
  path: "/boards/{suite}/columns",
  summary: "All rows of a board by column; send the ETag back to learn whether anything changed",
  request: { params },
  responses: {
    200: json(boardColumnsSchema, "Columns"),
    304: { description: "Nothing changed" },
    ...PROBLEM,
  },
});

const hidden = createRoute({
  method: "get",
  path: "/boards/{suite}/hidden",
  summary: `Rows that were taken off the board, and why: the last ${MOST_HIDDEN}`,
  request: { params },
  responses: { 200: json(hiddenListSchema, "The last one first"), ...PROBLEM },
});

const hide = createRoute({
  method: "post",
  path: "/boards/{suite}/rows/{checkpoint}/hide",
  summary: "Take a row off the board; anyone may read the reason",
  security,
  middleware: [...middleware, limitBody(16_384)],
  request: {
    params: rowParams,
    body: { required: true, content: { "application/json": { schema: hideSchema } } },
  },
  responses: { 200: json(hiddenRowSchema, "The hidden row"), ...PROBLEM },
});

const unhide = createRoute({
  method: "post",
  path: "/boards/{suite}/rows/{checkpoint}/show",
  summary: "Put a hidden row back",
  security,
  middleware,
  request: { params: rowParams },
  responses: { 204: { description: "The row is on the board" }, ...PROBLEM },
});

export const boards = createApi()
  .openapi(list, async (context) => {
    const suites = await listSuites(context.env.DB);
    const all = suites.map(({ id, title, checkpoints }) => ({ suite: id, title, checkpoints }));
    return context.json({ boards: all }, 200);
  })
  .openapi(show, async (context) => {
    const { DB } = context.env;
    const query = context.req.valid("query");
    const suite = await requireSuite(DB, context.req.valid("param").suite);
    if (!suite.tiers.upToDate) recomputeSoon(context, [suite.id]);
    const headers = validators(suite);
    if (hasCurrent(context.req.header("If-None-Match"), headers.ETag)) return notModified(headers);
    if (query.format === "json") return context.json(await boardPage(DB, suite, query), 200, headers);
    // Once the first line is out, errors can no longer be told.
    boardOrder(suite, query);
    return new Response(textStream(boardCsv(DB, suite, query)), {
      headers: {
        ...headers,
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": `attachment; filename="${suite.id}.csv"`,
      },
    });
  })
  .openapi(columns, async (context) => {
    const { DB } = context.env;
    // The revision is read before the rows: those may be newer than their tag, never older.
    const suite = await requireSuite(DB, context.req.valid("param").suite);
    if (!suite.tiers.upToDate) recomputeSoon(context, [suite.id]);
    const headers = validators(suite);
    if (hasCurrent(context.req.header("If-None-Match"), headers.ETag)) return notModified(headers);
    return context.json(await boardColumns(DB, suite), 200, headers);
  })
  .openapi(hidden, async (context) => {
    const { DB } = context.env;
    const suite = await requireSuite(DB, context.req.valid("param").suite);
    return context.json({ suite: suite.id, hidden: await hiddenRows(DB, suite.id) }, 200, validators(suite));
  })
  .openapi(hide, async (context) => {
    const { DB } = context.env;
    const { suite: name, checkpoint } = context.req.valid("param");
    const suite = await requireSuite(DB, name);
    const row = await hideRow(DB, suite.id, checkpoint, context.req.valid("json").reason, Date.now());
    recomputeSoon(context, [suite.id]);
    return context.json(row, 200);
  })
  .openapi(unhide, async (context) => {
    const { DB } = context.env;
    const { suite: name, checkpoint } = context.req.valid("param");
    const suite = await requireSuite(DB, name);
    await showRow(DB, suite.id, checkpoint);
    recomputeSoon(context, [suite.id]);
    return context.body(null, 204);
  });

/** One tag for all that is read from a board: tags are of one address each. */
function validators(suite: StoredSuite) {
  return { ETag: `"${suite.id}.${suite.revision}"`, "Cache-Control": "public, no-cache" };
}
