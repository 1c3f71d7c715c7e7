/** Lists for those who run the board. What they do with them is done by the routes of suites, tokens, boards and so on. */
import { createRoute, z } from "@hono/zod-openapi";
import { accountIdSchema, accountListSchema, blockSchema } from "../../../shared/api/accounts.ts";
import { hiddenRowsSchema, MOST_LISTED, workerListSchema } from "../../../shared/api/admin.ts";
import { MOST_HIDDEN } from "../../../shared/api/boards.ts";
import { allHiddenRows } from "../boards/hide.ts";
import { createApi } from "../create-api.ts";
import { limitBody } from "../requests/limit-body.ts";
import { json, PROBLEM } from "../responses.ts";
import { secured } from "../tokens/secured.ts";
import { blockAccount, letIn, listAccounts } from "./accounts.ts";
import { listWorkers } from "./workers.ts";

const FRESH = { "Cache-Control": "no-store" };
const LARGEST_BODY = 16_384;

const { middleware, security } = secured("admin");
const params = z.object({ id: accountIdSchema });

const hidden = createRoute({
  method: "get",
  path: "/admin/hidden",
  summary: `Rows that were taken off any board, and why: the last ${MOST_HIDDEN}`,
  security,
  middleware,
  responses: { 200: json(hiddenRowsSchema, "The last one first"), ...PROBLEM },
});

const workers = createRoute({
  method: "get",
  path: "/admin/workers",
  summary: `Lent machines, those that were cut off first: at most ${MOST_LISTED}`,
  security,
  middleware,
  responses: { 200: json(workerListSchema, "What each did, and what came of it"), ...PROBLEM },
});

const list = createRoute({
  method: "get",
  path: "/admin/accounts",
  summary: `People who signed in, the last one first: at most ${MOST_LISTED}`,
  security,
  middleware,
  responses: { 200: json(accountListSchema, "Accounts, and what they use"), ...PROBLEM },
});

const block = createRoute({
  method: "post",
  path: "/admin/accounts/{id}/block",
  summary: "Shut an account out: its sessions end, its tokens count no more, and what it uploaded stays",
  security,
  middleware: [...middleware, limitBody(LARGEST_BODY)],
  request: { params, body: { required: true, content: { "application/json": { schema: blockSchema } } } },
  responses: { 204: { description: "It is shut out" }, ...PROBLEM },
});

const unblock = createRoute({
  method: "post",
  path: "/admin/accounts/{id}/let-in",
  summary: "Let an account in again",
  security,
  middleware,
  request: { params },
  responses: { 204: { description: "It is in" }, ...PROBLEM },
});

export const admin = createApi()
  .openapi(hidden, async ({ env, json }) => json({ rows: await allHiddenRows(env.DB) }, 200, FRESH))
  .openapi(workers, async ({ env, json }) => json({ workers: await listWorkers(env.DB) }, 200, FRESH))
  .openapi(list, async ({ env, json }) => json({ accounts: await listAccounts(env, Date.now()) }, 200, FRESH))
  .openapi(block, async (context) => {
    const { id } = context.req.valid("param");
    await blockAccount(context.env.DB, id, context.req.valid("json").reason, Date.now());
    return context.body(null, 204);
  })
  .openapi(unblock, async (context) => {
    await letIn(context.env.DB, context.req.valid("param").id);
    return context.body(null, 204);
  });
