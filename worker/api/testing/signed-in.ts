/** A board with sign-in, and browsers that are signed in to it. The flow itself is tested in test/system/sign-in.test.ts. */
import { keepAccount, startSession, type Account } from "../accounts/store.ts";
import type { Bindings } from "../environment.ts";
import { bindings } from "./bindings.ts";
import { apiWith, ORIGIN, type RequestOptions } from "./request.ts";

export const SIGN_IN = {
  GITHUB_CLIENT_ID: "client",
  GITHUB_CLIENT_SECRET: "secret",
  PLATEAU_ADMINS: "Ada, id:99",
} as const satisfies Partial<Bindings>;

export interface Browser {
  readonly account: Account;
  readonly secret: string;
  /** As a page of the board asks. */
  ask(path: string, options?: RequestOptions): Promise<Response>;
}

/** @param since when it was signed in. */
export async function signedIn(
  login: string,
  githubId: number,
  { settings = {}, since = Date.now() }: { settings?: Partial<Bindings>; since?: number } = {},
): Promise<Browser> {
  const account = await keepAccount(bindings.DB, "https://github.com", { id: githubId, login }, since);
  const secret = await startSession(bindings.DB, account.id, since);
  return {
    account,
    secret,
    ask: (path, { headers, ...options } = {}) =>
      apiWith({ ...SIGN_IN, ...settings }, path, {
        ...options,
        headers: { Cookie: cookieOf(secret), Origin: ORIGIN, "Sec-Fetch-Site": "same-origin", ...headers },
      }),
  };
}

export const cookieOf = (secret: string) => `__Host-plateau-session=${secret}`;
