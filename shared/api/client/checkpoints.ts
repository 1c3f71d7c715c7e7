/** Checkpoints that are there, and models on their way to become one. */
import { z } from "zod";
import {
  checkpointSchema,
  ownCheckpointsSchema,
  type Checkpoint,
  type CheckpointChanges,
  type OwnCheckpoints,
} from "../checkpoints.ts";
import { receivedPartSchema, uploadSchema, type newUploadSchema, type Upload } from "../uploads.ts";
import { resultSchema, type Result } from "../../evaluate/result-schema.ts";
import { request, requestJson, type Connection, type RequestOptions } from "./connection.ts";

type Signal = Pick<RequestOptions, "signal">;
const eitherSchema = z.discriminatedUnion("state", [checkpointSchema, uploadSchema]);

/** A checkpoint, or the upload that becomes one: `state` tells which. */
export function getCheckpoint(
  connection: Connection,
  id: string,
  options?: Signal,
): Promise<Checkpoint | Upload> {
  return requestJson(connection, eitherSchema, pathOf(id), options);
}

/** What the connection's token uploaded, newest first. */
export function listOwnCheckpoints(
  connection: Connection,
  cursor?: string,
  options?: Signal,
): Promise<OwnCheckpoints> {
  return requestJson(connection, ownCheckpointsSchema, "checkpoints", { ...options, query: { cursor } });
}

/** The whole result with one suite. */
export function getResult(
  connection: Connection,
  id: string,
  suite: string,
  options?: Signal,
): Promise<Result> {
  return requestJson(connection, resultSchema, `${pathOf(id)}/results/${encodeURIComponent(suite)}`, options);
}

export function changeCheckpoint(
  connection: Connection,
  id: string,
  changes: CheckpointChanges,
  options?: Signal,
): Promise<Checkpoint> {
  return requestJson(connection, checkpointSchema, pathOf(id), {
    ...options,
    method: "PATCH",
    json: changes,
  });
}

/** Removes a checkpoint with its rows, or gives an upload up. */
export async function removeCheckpoint(connection: Connection, id: string, options?: Signal): Promise<void> {
  await request(connection, pathOf(id), { ...options, method: "DELETE" });
}

/** Begins an upload, or resumes it; answers the checkpoint where the same token uploaded the same model before. */
export function beginUpload(
  connection: Connection,
  upload: z.input<typeof newUploadSchema>,
  options?: Signal,
): Promise<Checkpoint | Upload> {
  return requestJson(connection, eitherSchema, "checkpoints", { ...options, json: upload });
}

/** @param bytes of the part: a Uint8Array or a Blob. */
export async function sendPart(
  connection: Connection,
  id: string,
  number: number,
  bytes: unknown,
  options?: Signal,
): Promise<void> {
  const headers = { "Content-Type": "application/octet-stream" };
  const path = `${pathOf(id)}/parts/${number}`;
  await requestJson(connection, receivedPartSchema, path, {
    ...options,
    method: "PUT",
    headers,
    body: bytes,
  });
}

/** @throws ProblemError 422 where the model is none that can be evaluated. */
export function completeUpload(connection: Connection, id: string, options?: Signal): Promise<Checkpoint> {
  return requestJson(connection, checkpointSchema, `${pathOf(id)}/complete`, { ...options, method: "POST" });
}

const pathOf = (id: string) => `checkpoints/${encodeURIComponent(id)}`;
