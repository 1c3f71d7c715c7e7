/** Requests to the Worker, through its own entrance. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import type { Connection } from "../../../shared/api/client/connection.ts";
import type { Scope } from "../../../shared/api/tokens.ts";
import { problemSchema, type Problem } from "../../../shared/api/problem.ts";
import { app } from "../app.ts";
import type { Bindings } from "../environment.ts";
import { issueToken } from "../tokens/store.ts";
import { bindings } from "./bindings.ts";

export const ORIGIN = "http://localhost";
const worker = (exports as unknown as { readonly default: Fetcher }).default;

export interface RequestOptions extends RequestInit {
  readonly token?: string;
  /** Sent as JSON. */
  readonly json?: unknown;
}

/** @param path below `/api/v1/`, or a whole one that begins with a slash. */
export function api(path: string, options?: RequestOptions): Promise<Response> {
  return worker.fetch(requestOf(path, options), { redirect: "manual" });
}

/** Asked of a board that is configured otherwise. */
export async function apiWith(
  settings: Partial<Bindings>,
  path: string,
  options?: RequestOptions,
): Promise<Response> {
  const context = createExecutionContext();
  const response = await app.fetch(requestOf(path, options), { ...bindings, ...settings }, context);
  await waitOnExecutionContext(context);
  return response;
}

function requestOf(path: string, { token, json, headers, ...init }: RequestOptions = {}): Request {
  const all = new Headers(headers);
  if (token !== undefined) all.set("Authorization", `Bearer ${token}`);
  if (json !== undefined && !all.has("Content-Type")) all.set("Content-Type", "application/json");
  return new Request(`${ORIGIN}${path.startsWith("/") ? path : `/api/v1/${path}`}`, {
    method: json === undefined ? "GET" : "POST",
    ...init,
    headers: all,
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
}

/** As a client has it. */
export function connectionOf(token: string): Connection {
  return {
    server: ORIGIN,
    token,
    fetch: (url, init: RequestInit) => worker.fetch(url, init),
    newDecoder: () => new TextDecoder(),
  };
}

export const owner = bindings.PLATEAU_OWNER_TOKEN;

/** A token that lives a minute from `now` on. */
export async function tokenFor(scopes: readonly Scope[], now = Date.now()): Promise<string> {
  const { token } = await issueToken(bindings.DB, { label: "test", scopes, expiresAt: now + 60_000 }, now);
  return token;
}

/** The problem document of a refusal. */
export async function problemOf(response: Response): Promise<Problem> {
  const problem = problemSchema.parse(await response.json());
  if (problem.status !== response.status) throw new Error(`${problem.status} was sent as ${response.status}`);
  if (response.headers.get("Content-Type") !== "application/problem+json")
    throw new Error("not a problem document");
  return problem;
}
