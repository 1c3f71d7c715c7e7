import { createRoute } from "@hono/zod-openapi";
import { evaluateQuerySchema, LARGEST_EVALUATED } from "../../../shared/api/evaluate.ts";
import { createApi } from "../create-api.ts";
import { PROBLEM } from "../responses.ts";
import { requireSuite } from "../suites/store.ts";
import { countEvaluation, OPEN_LOCALLY } from "./admission.ts";
import { forwardToEdge } from "./forward.ts";

const BYTES = { type: "string", format: "binary" } as const;

/** Passed on, so that its type says nothing of the content. */
const ANSWER: { description: string } = {
  description: "Progress and result, or the result alone",
  ...{
    content: {
      "application/x-ndjson": { schema: { $ref: "#/components/schemas/EvaluateLine" } },
      "application/json": { schema: { $ref: "#/components/schemas/Result" } },
    },
  },
};

const evaluate = createRoute({
  method: "post",
  path: "/evaluate",
  summary: "Evaluate a model without storing anything",
  description:
    "The model as it is, with `suite`; or a form with `model` and either `suite` in the address or a `corpus`, and for a " +
    `corpus \`objective\`, \`measures\` and \`directions\`. At most ${LARGEST_EVALUATED} bytes, one evaluation at a ` +
    "time; it stops when whoever asked goes away. Answers lines of JSON: `progress`, and at last `result` or `problem`. " +
    "With `Accept: application/json` the answer is the result alone. Without a token only on the machine itself.",
  ...OPEN_LOCALLY,
  request: {
    query: evaluateQuerySchema,
    body: {
      required: true,
      content: {
        "application/octet-stream": { schema: BYTES },
        "multipart/form-data": {
          schema: {
            type: "object",
            required: ["model"],
            properties: {
              model: BYTES,
              corpus: { ...BYTES, description: "JSON lines with input_ids and labels" },
              objective: { type: "string", enum: ["mlm", "clm"] },
              measures: { type: "string", description: "Ids, with commas between" },
              directions: { type: "string", pattern: "^[0-9]+$" },
            },
          } as const,
        },
      },
    },
  },
  responses: {
    200: ANSWER,
    ...PROBLEM,
  },
});

export const evaluation = createApi().openapi(evaluate, async (context) => {
  const { suite: name } = context.req.valid("query");
  const suite = name === undefined ? null : await requireSuite(context.env.DB, name);
  await countEvaluation(context);
  return forwardToEdge(context.env.EDGE, context.req.raw, suite);
});
