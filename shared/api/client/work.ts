/** What a lent worker asks of a board. */
import {
  acceptedSchema,
  auditSchema,
  blobWrittenSchema,
  claimAnswerSchema,
  failureOutcomeSchema,
  heartbeatSchema,
  type Audit,
  type Claim,
  type ClaimAnswer,
  type WorkFailure,
  type WorkResult,
} from "../work.ts";
import {
  request,
  requestJson,
  textOf,
  unreachable,
  type Connection,
  type RequestOptions,
} from "./connection.ts";
import { ProblemError } from "./errors.ts";
import type { HttpResponse } from "./fetch.ts";

type Signal = Pick<RequestOptions, "signal">;

/**
 * @throws ProblemError 403 `cut-off` where the board takes no more work from this token, 409 `other-version` where it runs
 * another version of Plateau.
 */
export function claimWork(connection: Connection, claim: Claim, options?: Signal): Promise<ClaimAnswer> {
  return requestJson(connection, claimAnswerSchema, "work/claim", { ...options, json: claim });
}

/** Answers for how many seconds the lease holds from now on. @throws ProblemError 409 `lease-lost` where it does not. */
export async function heartbeat(connection: Connection, lease: string, options?: Signal): Promise<number> {
  const path = `${pathOf(lease)}/heartbeat`;
  return (await requestJson(connection, heartbeatSchema, path, { ...options, method: "POST" })).leaseSeconds;
}

/** @throws ProblemError 409 `lease-lost`, 422 `wrong-payload`. */
export async function sendResult(
  connection: Connection,
  lease: string,
  result: WorkResult,
  options?: Signal,
): Promise<void> {
  await requestJson(connection, acceptedSchema, `${pathOf(lease)}/result`, { ...options, json: result });
}

/** Gives the shard back, with the reason. @throws ProblemError 409 `lease-lost`. */
export async function sendFailure(
  connection: Connection,
  lease: string,
  failure: WorkFailure,
  options?: Signal,
): Promise<"open" | "failed"> {
  const path = `${pathOf(lease)}/failure`;
  return (await requestJson(connection, failureOutcomeSchema, path, { ...options, json: failure })).outcome;
}

export interface ModelOptions extends Signal {
  /** First byte wanted, so that a download that broke off goes on; 0 if absent. */
  readonly offset?: number;
  /** Bytes wanted; all up to the end if absent. */
  readonly length?: number;
}

/**
 * The model's bytes as a stream: `body` of the answer, whose status is 206 for a part of the file.
 *
 * @throws ProblemError 409 `lease-lost`.
 */
export function openModel(
  connection: Connection,
  lease: string,
  { offset = 0, length, ...options }: ModelOptions = {},
): Promise<HttpResponse> {
  const whole = offset === 0 && length === undefined;
  const range = `bytes=${offset}-${length === undefined ? "" : offset + length - 1}`;
  return request(connection, `${pathOf(lease)}/model`, {
    ...options,
    ...(!whole && { headers: { Range: range } }),
  });
}

/** The suite file as text. @throws ProblemError 409 `lease-lost`. */
export async function getSuite(connection: Connection, lease: string, options?: Signal): Promise<string> {
  const response = await request(connection, `${pathOf(lease)}/suite`, options);
  return textOf(response, connection.server, options?.signal);
}

/** What another shard left; null where there is none. @throws ProblemError 409 `lease-lost`. */
export async function getBlob(
  connection: Connection,
  lease: string,
  key: string,
  options?: Signal,
): Promise<Uint8Array | null> {
  try {
    const response = await request(connection, blobPath(lease, key), options);
    return await bytesOf(response, connection.server, options?.signal);
  } catch (error) {
    if (error instanceof ProblemError && error.problem.code === "no-such-blob") return null;
    throw error;
  }
}

/** Leaves something for other shards. @throws ProblemError 409 `lease-lost`, 403 and 413 where the shard writes no such. */
export async function putBlob(
  connection: Connection,
  lease: string,
  key: string,
  bytes: Uint8Array,
  options?: Signal,
): Promise<void> {
  const headers = { "Content-Type": "application/octet-stream" };
  await requestJson(connection, blobWrittenSchema, blobPath(lease, key), {
    ...options,
    method: "PUT",
    headers,
    body: bytes,
  });
}

/** Who computed an evaluation, and who checked it. */
export function getAudit(connection: Connection, evaluation: string, options?: Signal): Promise<Audit> {
  return requestJson(connection, auditSchema, `evaluations/${encodeURIComponent(evaluation)}/audit`, options);
}

async function bytesOf(
  { body }: HttpResponse,
  server: string,
  signal: RequestOptions["signal"],
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  try {
    const reader = body?.getReader();
    for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
      if (read.value) pieces.push(read.value);
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw unreachable(server, error);
  }
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}

const pathOf = (lease: string) => `work/${encodeURIComponent(lease)}`;
/** Slashes of the key are no slashes of the path. */
const blobPath = (lease: string, key: string) => `${pathOf(lease)}/blobs/${encodeURIComponent(key)}`;
