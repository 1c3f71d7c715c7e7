/** Uploads as a client makes them. */
import { expect } from "vitest";
import { checkpointSchema, type Checkpoint } from "../../../shared/api/checkpoints.ts";
import { PART_BYTES, uploadSchema, type Upload } from "../../../shared/api/uploads.ts";
import { hex } from "../random.ts";
import { api } from "./request.ts";

export interface UploadOptions {
  readonly token: string;
  readonly card?: object;
  readonly file?: string;
  readonly sha256?: string;
  readonly visibility?: "private" | "public";
}

export async function beginUpload(
  bytes: number,
  { token, file = "model.onnx", ...rest }: UploadOptions,
): Promise<Upload> {
  const response = await api("checkpoints", { token, json: { bytes, file, ...rest } });
  expect(response.status, await response.clone().text()).toBe(201);
  return uploadSchema.parse(await response.json());
}

export function sendPart(
  id: string,
  number: number,
  body: BodyInit | null,
  token: string,
): Promise<Response> {
  return api(`checkpoints/${id}/parts/${number}`, { method: "PUT", token, body });
}

/** A part of the file, as `sendPart` takes it. */
export function partOf(bytes: Uint8Array, number: number): Uint8Array {
  return bytes.subarray((number - 1) * PART_BYTES, number * PART_BYTES);
}

export function complete(id: string, token: string): Promise<Response> {
  return api(`checkpoints/${id}/complete`, { method: "POST", token });
}

/** All of a file, up to the request that completes it. */
export async function sendAll(bytes: Uint8Array, options: UploadOptions): Promise<string> {
  const { id, parts } = await beginUpload(bytes.byteLength, options);
  for (let number = 1; number <= parts; number++) {
    const sent = await sendPart(id, number, partOf(bytes, number), options.token);
    expect(sent.status, await sent.text()).toBe(200);
  }
  return id;
}

export async function uploadModel(bytes: Uint8Array, options: UploadOptions): Promise<Checkpoint> {
  const response = await complete(await sendAll(bytes, options), options.token);
  expect(response.status, await response.clone().text()).toBeOneOf([200, 201]);
  return checkpointSchema.parse(await response.json());
}

export async function sha256Of(bytes: Uint8Array): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}
