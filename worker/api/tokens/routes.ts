import { createRoute, z } from "@hono/zod-openapi";
import {
  issuedTokenSchema,
  MOST_TOKEN_DAYS,
  newTokenSchema,
  tokenIdSchema,
  tokenListSchema,
  tokenSchema,
} from "../../../shared/api/tokens.ts";
import { createApi } from "../create-api.ts";
import { ApiError } from "../problems/api-error.ts";
import { limitBody } from "../requests/limit-body.ts";
import { json, PROBLEM } from "../responses.ts";
import { secured } from "./secured.ts";
import { issueToken, listTokens, MOST_LISTED, revokeToken } from "./store.ts";

const DAY = 86_400_000;
const DAYS = 90;
const LARGEST_BODY = 16_384;

const { middleware, security } = secured("admin");

const issue = createRoute({
  method: "post",
  path: "/tokens",
  summary: "Make a token; it is shown this once",
  security,
  middleware: [...middleware, limitBody(LARGEST_BODY)],
  request: { body: { required: true, content: { "application/json": { schema: newTokenSchema } } } },
  responses: { 201: json(issuedTokenSchema, "The token"), ...PROBLEM },
});

const list = createRoute({
  method: "get",
  path: "/tokens",
  summary: `List tokens, newest first, at most ${MOST_LISTED}`,
  security,
  middleware,
  responses: { 200: json(tokenListSchema, "Tokens, without their secrets"), ...PROBLEM },
});

const revoke = createRoute({
  method: "delete",
  path: "/tokens/{id}",
  summary: "Revoke a token",
  security,
  middleware,
  request: { params: z.object({ id: tokenIdSchema }) },
  responses: { 200: json(tokenSchema, "The revoked token"), ...PROBLEM },
});

export const tokens = createApi()
  .openapi(issue, async (context) => {
    const { label, scopes, expiresAt } = context.req.valid("json");
    const now = Date.now();
    const expiry = expiresAt === undefined ? now + DAYS * DAY : Date.parse(expiresAt);
    if (expiry <= now) {
      throw new ApiError(422, "already-expired", `expiresAt, ${expiresAt}, is past; give a date to come.`);
    }
    if (expiry > now + MOST_TOKEN_DAYS * DAY) {
      const detail = `expiresAt, ${expiresAt}, is too far off; give a date within ${MOST_TOKEN_DAYS} days.`;
      throw new ApiError(422, "expires-too-late", detail);
    }
    const token = await issueToken(context.env.DB, { label, scopes, expiresAt: expiry }, now);
    return context.json(token, 201, { "Cache-Control": "no-store" });
  })
  .openapi(list, async (context) => {
    const all = await listTokens(context.env.DB);
    return context.json({ tokens: all.map(withoutHash) }, 200, { "Cache-Control": "no-store" });
  })
  .openapi(revoke, async (context) => {
    const { id } = context.req.valid("param");
    const token = await revokeToken(context.env.DB, id, Date.now());
    if (!token) throw new ApiError(404, "no-such-token", `There is no token ${id}; GET tokens lists them.`);
    return context.json(withoutHash(token), 200, { "Cache-Control": "no-store" });
  });

const withoutHash = (token: z.infer<typeof tokenSchema>) => tokenSchema.parse(token);
