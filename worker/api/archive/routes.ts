import { createRoute } from "@hono/zod-openapi";
import { exportQuerySchema, importQuerySchema, importReportSchema } from "../../../shared/api/archive.ts";
import { recomputeSoon } from "../boards/tiers/recompute-soon.ts";
import { RESULT_FILE } from "../checkpoints/routes.ts";
import { createApi } from "../create-api.ts";
import { textStream } from "../requests/stream.ts";
import { file, json, PROBLEM } from "../responses.ts";
import { secured } from "../tokens/secured.ts";
import { exportRecords, readPosition } from "./export.ts";
import { importRecords } from "./import.ts";
import { JSON_LINES, MOST_RECORDS } from "./read-records.ts";

/** More rows than these wait for the scheduled sweep: a request may make 1,000 calls to storage. */
const MOST_RANKED = 50;

const RECORDS = { schema: { $ref: "#/components/schemas/ArchiveRecord" } };

const bringIn = createRoute({
  method: "post",
  path: "/import",
  summary: "Take in results that `plateau evaluate --suite` wrote, or what was exported",
  description:
    `A result, a list of results, or JSON lines of records; at most ${MOST_RECORDS} at once. Rows are marked as ` +
    "imported, unless their records have another origin, as those of an export do: an import of all parts of an " +
    "export into an empty board gives the same boards. Importing the same again changes nothing. A refused record " +
    "ends the import; the answer says what was done before it.",
  ...secured("admin"),
  request: {
    query: importQuerySchema,
    body: {
      required: true,
      content: {
        "application/json": { schema: { anyOf: [RESULT_FILE, { type: "array", items: RESULT_FILE }] } },
        [JSON_LINES]: RECORDS,
      },
    },
  },
  responses: { 200: json(importReportSchema, "What became of each record"), ...PROBLEM },
});

const bringOut = createRoute({
  method: "get",
  path: "/export",
  summary: "All suites and results, part by part; the last line of a part has the cursor of the next",
  description: "A part whose last line is not of the kind `end` was broken off: ask for it again.",
  ...secured("admin"),
  request: { query: exportQuerySchema },
  responses: { 200: file(JSON_LINES, RECORDS.schema, "JSON lines"), ...PROBLEM },
});

export const archive = createApi()
  .openapi(bringIn, async (context) => {
    const replace = context.req.valid("query").replace === "true";
    const report = await importRecords(context.env, context.req.raw, replace, Date.now());
    const changed = report.results.filter(({ outcome }) => outcome !== "unchanged");
    if (changed.length <= MOST_RANKED) {
      recomputeSoon(
        context,
        changed.map(({ suite }) => suite),
      );
    }
    return context.json(report, 200);
  })
  .openapi(bringOut, (context) => {
    const from = readPosition(context.req.valid("query").cursor);
    return new Response(textStream(exportRecords(context.env, from)), {
      headers: {
        "Content-Type": JSON_LINES,
        "Content-Disposition": 'attachment; filename="plateau.jsonl"',
        "Cache-Control": "no-store",
      },
    });
  });
