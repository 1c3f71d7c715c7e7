/**
 * GitHub's web application flow (OAuth 2.0 with PKCE, RFC 7636): where the browser is sent, and what its code is changed
 * for. The access token is used once, to learn who signed in, and is not kept. It has no scope: it reads what is public.
 */
import { z } from "zod";
import { loginSchema } from "../../../shared/api/accounts.ts";
import { PlateauError } from "../../../shared/errors.ts";
import { sha256 } from "../random.ts";
import { VERSION } from "../version.ts";
import type { SignInSettings } from "./settings.ts";

/** Milliseconds. */
const PATIENCE = 10_000;
/** Characters; a user's description has some 2,000. */
const LONGEST_ANSWER = 100_000;

/** GitHub does not take the code: it was used before, is too old, or is of another sign-in. */
export class CodeRefusedError extends PlateauError {}
/** GitHub does not answer, or not as GitHub does. */
export class NoAnswerError extends PlateauError {}

export interface Attempt {
  readonly state: string;
  readonly verifier: string;
  /** Where GitHub sends the browser back to. */
  readonly callback: string;
}

const userSchema = z.object({ id: z.number().int().positive(), login: loginSchema });
const tokenSchema = z.union([
  z.object({ access_token: z.string().min(1) }),
  z.object({ error: z.string(), error_description: z.string().optional() }),
]);

export async function authorizeAddress(
  { url, clientId }: SignInSettings,
  { state, verifier, callback }: Attempt,
): Promise<string> {
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: callback,
    state,
    code_challenge: base64Url(await sha256(verifier)),
    code_challenge_method: "S256",
  });
  return `${url}/login/oauth/authorize?${query}`;
}

/** @throws CodeRefusedError, NoAnswerError */
export async function whoSignedIn(
  settings: SignInSettings,
  code: string,
  { verifier, callback }: Attempt,
): Promise<z.infer<typeof userSchema>> {
  const { url, apiUrl, clientId, clientSecret } = settings;
  const grant = await ask(`${url}/login/oauth/access_token`, tokenSchema, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams({
      ...{ client_id: clientId, client_secret: clientSecret, code },
      ...{ redirect_uri: callback, code_verifier: verifier },
    }),
  });
  if ("error" in grant) {
    const { error, error_description: description } = grant;
    throw new CodeRefusedError(`GitHub refused the code: ${error}${description ? `, ${description}` : ""}.`);
  }
  return ask(`${apiUrl}/user`, userSchema, {
    headers: { Accept: "application/vnd.github+json", Authorization: `Bearer ${grant.access_token}` },
  });
}

async function ask<S extends z.ZodType>(address: string, schema: S, init: RequestInit): Promise<z.infer<S>> {
  const headers = new Headers(init.headers);
  // GitHub refuses requests without.
  headers.set("User-Agent", `Plateau/${VERSION}`);
  let status: number;
  let text: string;
  try {
    // What is sent is for GitHub alone, wherever it points to.
    const response = await fetch(address, {
      ...{ ...init, headers, redirect: "manual" },
      signal: AbortSignal.timeout(PATIENCE),
    });
    status = response.status;
    text = (await response.text()).slice(0, LONGEST_ANSWER);
  } catch (cause) {
    throw new NoAnswerError(`${address} does not answer.`, { cause });
  }
  const answer = schema.safeParse(parsed(text));
  if (answer.success && status < 500) return answer.data;
  throw new NoAnswerError(`${address} answered with status ${status}, and not as GitHub does.`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(
    /[+/=]/g,
    (sign) => ({ "+": "-", "/": "_" })[sign] ?? "",
  );
}
