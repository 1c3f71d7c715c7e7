/**
 * Sign-in through GitHub, as the board is configured. It is off unless GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET are set.
 *
 * GITHUB_URL and GITHUB_API_URL name a GitHub of one's own; PLATEAU_ORIGIN the board's address where a proxy stands before
 * it, such as https://board.example.org; PLATEAU_ADMINS the accounts that run it, with commas between: names on GitHub, or
 * numbers as `id:583231`, which never change hands.
 */
import type { Bindings } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";

export interface SignInSettings {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Without a slash at its end, as all of these. */
  readonly url: string;
  readonly apiUrl: string;
}

/** Null where there is no sign-in. */
export function signInSettings(env: Bindings): SignInSettings | null {
  const { GITHUB_CLIENT_ID: clientId, GITHUB_CLIENT_SECRET: clientSecret } = env;
  if (!clientId || !clientSecret) return null;
  return {
    clientId,
    clientSecret,
    url: withoutSlash(env.GITHUB_URL || "https://github.com"),
    apiUrl: withoutSlash(env.GITHUB_API_URL || "https://api.github.com"),
  };
}

/** @throws ApiError 404 where there is no sign-in. */
export function requireSignIn(env: Bindings): SignInSettings {
  const settings = signInSettings(env);
  if (settings) return settings;
  throw new ApiError(
    404,
    "no-sign-in",
    "This board has no sign-in; ask whoever runs it for a token. (It is switched on with GITHUB_CLIENT_ID and " +
      "GITHUB_CLIENT_SECRET.)",
  );
}

/** The board's address as browsers have it. @throws ApiError 503 where PLATEAU_ORIGIN is none. */
export function originOf({ PLATEAU_ORIGIN: configured }: Bindings, request: Request): string {
  if (!configured) return new URL(request.url).origin;
  const origin = URL.canParse(configured) ? new URL(configured).origin : null;
  if (origin === withoutSlash(configured)) return origin;
  throw new ApiError(
    503,
    "origin-misconfigured",
    "PLATEAU_ORIGIN is not an address such as https://board.example.org, without a path; whoever runs the board must mend it.",
  );
}

/** Whether the board counts the account among those who run it. Names are compared without regard to case, as GitHub does. */
export function isAdmin(
  { PLATEAU_ADMINS: admins = "" }: Bindings,
  account: { githubId: number; login: string },
) {
  const named = admins
    .split(",")
    .map((each) => each.trim().toLowerCase())
    .filter((each) => each !== "");
  return named.includes(account.login.toLowerCase()) || named.includes(`id:${account.githubId}`);
}

const withoutSlash = (address: string) => address.replace(/\/+$/, "");
