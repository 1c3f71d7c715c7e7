/**
 * Signing in: to GitHub and back. `state` and the PKCE verifier are in a cookie of the browser that began, so that nobody
 * can be led into a session that someone else began, and a code that is caught on the way is worth nothing.
 *
 * People come back here from another site, so that whatever goes wrong leads to a page, not to a problem document.
 */
import type { Context } from "hono";
import type { ApiEnvironment } from "../environment.ts";
import { countFailure } from "../limits/limits.ts";
import { randomHex } from "../random.ts";
import { sameText } from "../tokens/secret.ts";
import { dropCookie, keepCookie, readCookie } from "./cookies.ts";
import { authorizeAddress, CodeRefusedError, NoAnswerError, whoSignedIn, type Attempt } from "./github.ts";
import { originOf, requireSignIn } from "./settings.ts";
import { endSession, keepAccount, startSession } from "./store.ts";

/** The page that tells what became of it, by one of these words. */
const PAGE = "/account";
export type Failure = "denied" | "expired" | "refused" | "unreachable" | "blocked";

/** As it was begun: state, verifier, and the page to go back to. */
const BEGUN = /^([0-9a-f]{32})\.([0-9a-f]{64})\.(\/.*)$/;

/** @param back a path of this board. Answers where the browser goes now. */
export async function beginSignIn(
  context: Context<ApiEnvironment>,
  callbackPath: string,
  back: string,
): Promise<string> {
  const settings = requireSignIn(context.env);
  const attempt = attemptOf(context, callbackPath, randomHex(16), randomHex(32));
  keepCookie(context, "signIn", `${attempt.state}.${attempt.verifier}.${back}`);
  return authorizeAddress(settings, attempt);
}

export interface Returned {
  readonly code?: string | undefined;
  readonly state?: string | undefined;
  readonly error?: string | undefined;
}

/** Answers where the browser goes now. */
export async function endSignIn(
  context: Context<ApiEnvironment>,
  returned: Returned,
  now: number,
): Promise<string> {
  const settings = requireSignIn(context.env);
  const [, state, verifier, back] = BEGUN.exec(readCookie(context, "signIn") ?? "") ?? [];
  // Used up, whatever comes of it.
  dropCookie(context, "signIn");
  if (state === undefined || returned.state === undefined || !(await sameText(state, returned.state))) {
    return failed("expired");
  }
  // Someone pressed Cancel. Everything else that GitHub says here is about how this board is registered there.
  if (returned.error !== undefined) return failed(returned.error === "access_denied" ? "denied" : "refused");
  if (returned.code === undefined) return failed("refused");
  const { DB } = context.env;
  const attempt = attemptOf(context, context.req.path, state, verifier!);
  try {
    const person = await whoSignedIn(settings, returned.code, attempt);
    const account = await keepAccount(DB, settings.url, person, now);
    if (account.blocked !== null) return failed("blocked");
    // Whoever was signed in before no longer is.
    const before = readCookie(context, "session");
    if (before !== undefined) await endSession(DB, before);
    keepCookie(context, "session", await startSession(DB, account.id, now));
    return back!;
  } catch (error) {
    if (!(error instanceof CodeRefusedError) && !(error instanceof NoAnswerError)) throw error;
    // eslint-disable-next-line no-console -- whoever runs the board must see what GitHub says about its registration
    console.error(error.message);
    // Nobody shall ask GitHub in the name of this board as often as they like.
    await countFailure(context);
    return failed(error instanceof NoAnswerError ? "unreachable" : "refused");
  }
}

function attemptOf(
  { env, req }: Context<ApiEnvironment>,
  callbackPath: string,
  state: string,
  verifier: string,
): Attempt {
  return { state, verifier, callback: originOf(env, req.raw) + callbackPath };
}

const failed = (why: Failure) => `${PAGE}?sign-in=${why}`;
