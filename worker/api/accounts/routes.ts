import { createRoute, z } from "@hono/zod-openapi";
import { newAccountTokenSchema, sessionSchema } from "../../../shared/api/accounts.ts";
import {
  issuedTokenSchema,
  tokenIdSchema,
  tokenListSchema,
  tokenSchema,
} from "../../../shared/api/tokens.ts";
import { createApi } from "../create-api.ts";
import { limitBody } from "../requests/limit-body.ts";
import { json, PROBLEM } from "../responses.ts";
import { listTokens } from "../tokens/store.ts";
import { dropCookie, readCookie } from "./cookies.ts";
import { requireAccount, SIGNED_IN } from "./require-session.ts";
import { assertOwnPage, liveSession } from "./session.ts";
import { isAdmin, signInSettings } from "./settings.ts";
import { beginSignIn, endSignIn } from "./sign-in.ts";
import { endSession } from "./store.ts";
import { issueOwnToken, MOST_TOKENS, revokeOwnToken } from "./tokens.ts";

const LARGEST_BODY = 16_384;
const FRESH = { "Cache-Control": "no-store" };
const SIGN_IN_PATH = "/sign-in/github";

/** A path of this board: a link must not lead people who have just signed in to another site. */
const backSchema = z
  .string()
  .max(500)
  .regex(/^\/(?![/\\])[\x21-\x3a\x3c-\x5b\x5d-\x7e]*$/, "expected a path of this board such as /submit")
  .default("/account");

const returned = z.string().max(2000).optional();

const session = createRoute({
  method: "get",
  path: "/session",
  summary: "Whether this board has a sign-in, and who is signed in with this browser",
  responses: { 200: json(sessionSchema, "As it is"), ...PROBLEM },
});

const begin = createRoute({
  method: "get",
  path: SIGN_IN_PATH,
  summary: "Sign in through GitHub: for browsers, which are sent there",
  request: { query: z.strictObject({ back: backSchema }) },
  responses: { 302: { description: "To GitHub" }, ...PROBLEM },
});

const end = createRoute({
  method: "get",
  path: `${SIGN_IN_PATH}/callback`,
  summary: "Where GitHub sends the browser back to",
  description: "What went wrong is told by the page that the browser is sent to: `/account?sign-in=…`.",
  // GitHub may say more than is of use here.
  request: { query: z.object({ code: returned, state: returned, error: returned }) },
  responses: { 303: { description: "To the page that it began on" }, ...PROBLEM },
});

const signOut = createRoute({
  method: "delete",
  path: "/session",
  summary: "Sign out; it is no error where nobody is signed in",
  security: SIGNED_IN.security,
  responses: { 204: { description: "Signed out" }, ...PROBLEM },
});

const list = createRoute({
  method: "get",
  path: "/account/tokens",
  summary: "List the tokens of whoever is signed in, newest first",
  ...SIGNED_IN,
  responses: { 200: json(tokenListSchema, "Tokens, without their secrets"), ...PROBLEM },
});

const issue = createRoute({
  method: "post",
  path: "/account/tokens",
  summary: `Make a token of one's own, ${MOST_TOKENS} at most; it is shown this once`,
  description: "What is uploaded and computed with it is the account's, as with all its tokens.",
  ...SIGNED_IN,
  middleware: [...SIGNED_IN.middleware, limitBody(LARGEST_BODY)],
  request: {
    body: { required: true, content: { "application/json": { schema: newAccountTokenSchema } } },
  },
  responses: { 201: json(issuedTokenSchema, "The token"), ...PROBLEM },
});

const revoke = createRoute({
  method: "delete",
  path: "/account/tokens/{id}",
  summary: "Revoke a token of one's own",
  ...SIGNED_IN,
  request: { params: z.object({ id: tokenIdSchema }) },
  responses: { 200: json(tokenSchema, "The revoked token"), ...PROBLEM },
});

export const accounts = createApi()
  .openapi(session, async (context) => {
    const { env, req } = context;
    const settings = signInSettings(env);
    const live = await liveSession(context);
    const signIn = settings && req.path.replace(/\/session$/, SIGN_IN_PATH);
    if (!live || live.account.blocked !== null) return context.json({ signIn, account: null }, 200, FRESH);
    const { id, login } = live.account;
    const until = new Date(live.expiresAt).toISOString();
    return context.json(
      { signIn, account: { id, login, admin: isAdmin(env, live.account), until } },
      200,
      FRESH,
    );
  })
  .openapi(begin, async (context) => {
    const { back } = context.req.valid("query");
    const address = await beginSignIn(context, `${context.req.path}/callback`, back);
    context.header("Cache-Control", "no-store");
    return context.redirect(address, 302);
  })
  .openapi(end, async (context) => {
    const address = await endSignIn(context, context.req.valid("query"), Date.now());
    context.header("Cache-Control", "no-store");
    return context.redirect(address, 303);
  })
  .openapi(signOut, async (context) => {
    const secret = readCookie(context, "session");
    if (secret !== undefined) {
      assertOwnPage(context);
      await endSession(context.env.DB, secret);
      dropCookie(context, "session");
    }
    return context.body(null, 204);
  })
  .openapi(list, async (context) => {
    const { id } = await requireAccount(context);
    const tokens = await listTokens(context.env.DB, id);
    return context.json({ tokens: tokens.map((token) => tokenSchema.parse(token)) }, 200, FRESH);
  })
  .openapi(issue, async (context) => {
    const account = await requireAccount(context);
    const token = await issueOwnToken(context.env.DB, account, context.req.valid("json"), Date.now());
    return context.json(token, 201, FRESH);
  })
  .openapi(revoke, async (context) => {
    const { id: account } = await requireAccount(context);
    const { id } = context.req.valid("param");
    const token = await revokeOwnToken(context.env.DB, account, id, Date.now());
    return context.json(tokenSchema.parse(token), 200, FRESH);
  });
