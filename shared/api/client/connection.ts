/** Requests to a board, and answers that are what they should be. */
import type { z } from "zod";
import { PlateauError } from "../../errors.ts";
import { problemSchema } from "../problem.ts";
import { AnswerError, ProblemError, UnreachableError } from "./errors.ts";
import type { Decoder, Fetch, FetchInit, HttpResponse } from "./fetch.ts";

export interface Connection {
  /** The board's address without a slash at its end; the empty string for the page's own board. */
  readonly server: string;
  /** Sent along with every request; null for one that only reads. */
  readonly token: string | null;
  readonly fetch: Fetch;
  readonly newDecoder: () => Decoder;
}

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Undefined values are left out; lists are given once for each. */
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is: a string, bytes, or a Blob. */
  readonly body?: unknown;
  /** An AbortSignal. Aborting rejects with its reason. */
  readonly signal?: { readonly aborted: boolean; readonly reason: unknown } | undefined;
}

/** The address is no board's. */
export class AddressError extends PlateauError {}

/**
 * The address of a board as people write it, in the form that `Connection` wants.
 *
 * @throws AddressError where it is not `http://HOST` or `https://HOST`, perhaps with a port and a path.
 */
export function serverAddress(text: string): string {
  const address = text.trim().replace(/\/+$/, "");
  if (/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/i.test(address)) return address;
  // What stands before the @ may be a password.
  const shown = address.replace(/\/\/[^/]*@/, "//…@").slice(0, 200);
  throw new AddressError(
    `'${shown}' is not a board's address; give one such as http://127.0.0.1:8787, and a token by other means.`,
  );
}

/**
 * @param path below `/api/v1/`. What comes from outside goes through `encodeURIComponent` first.
 * @throws ProblemError where the board refuses, UnreachableError where no answer comes.
 */
export async function request(
  connection: Connection,
  path: string,
  { method, query = {}, headers = {}, json, body, signal }: RequestOptions = {},
): Promise<HttpResponse> {
  const { server, token, fetch } = connection;
  const init: FetchInit = {
    method: method ?? (json === undefined && body === undefined ? "GET" : "POST"),
    headers: {
      ...(token !== null && { Authorization: `Bearer ${token}` }),
      ...(json !== undefined && { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(json !== undefined ? { body: JSON.stringify(json) } : body !== undefined && { body }),
    ...(signal && { signal }),
  };
  let response: HttpResponse;
  try {
    response = await fetch(`${server}/api/v1/${path}${queryText(query)}`, init as never);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw unreachable(server, error);
  }
  if (response.ok) return response;
  throw await refusal(response, server);
}

/** @throws AnswerError where the answer is not of the schema; and as `request` does. */
export async function requestJson<S extends z.ZodType>(
  connection: Connection,
  schema: S,
  path: string,
  options?: RequestOptions,
): Promise<z.infer<S>> {
  const response = await request(connection, path, options);
  const text = await textOf(response, connection.server, options?.signal);
  const answer = schema.safeParse(parsed(text));
  if (answer.success) return answer.data;
  const { path: place, message } = answer.error.issues[0]!;
  throw new AnswerError(
    `${shownServer(connection.server)} answered ${path} in a form that this version does not know ` +
      `(${[...place.map(String), message].join(": ")}); use the version of Plateau that the board runs.`,
  );
}

/** @throws UnreachableError where the answer breaks off. */
export async function textOf(
  response: HttpResponse,
  server: string,
  signal?: RequestOptions["signal"],
): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw unreachable(server, error);
  }
}

/** What a break of the connection is told as. */
export function unreachable(server: string, cause: unknown): UnreachableError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const why =
    inner instanceof Error
      ? inner.message || ("code" in inner ? String(inner.code) : inner.name)
      : String(inner);
  return new UnreachableError(`${shownServer(server)} does not answer (${why}); is the board running?`, {
    cause,
  });
}

async function refusal(response: HttpResponse, server: string): Promise<PlateauError> {
  const problem = problemSchema.safeParse(parsed(await response.text().catch(() => "")));
  const seconds = Number(response.headers.get("Retry-After") ?? NaN);
  if (problem.success) return new ProblemError(problem.data, Number.isFinite(seconds) ? seconds : null);
  if (response.status >= 502 && response.status <= 504) {
    return unreachable(server, new Error(`status ${response.status}`));
  }
  return new AnswerError(
    `${shownServer(server)} answered with status ${response.status} and no problem document; is it a board of Plateau?`,
  );
}

function queryText(query: NonNullable<RequestOptions["query"]>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => `${encodeURIComponent(name)}=${encodeURIComponent(each)}`),
  );
  return pairs.length > 0 ? `?${pairs.join("&")}` : "";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const shownServer = (server: string) => server || "The board";
