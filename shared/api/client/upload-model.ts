/** A whole upload: what is missing of a file goes up, part by part, and again where a part was lost. */
import type { z } from "zod";
import type { Checkpoint } from "../checkpoints.ts";
import type { newUploadSchema } from "../uploads.ts";
import { beginUpload, completeUpload, sendPart } from "./checkpoints.ts";
import type { Connection, RequestOptions } from "./connection.ts";
import { patiently, type Patience } from "./patience.ts";

export interface UploadOptions extends Patience, Pick<RequestOptions, "signal"> {
  /** Bytes of the file from `offset` on: a Uint8Array or a Blob. */
  readonly read: (offset: number, length: number) => unknown;
  /** Bytes that are there, those of an earlier attempt included; `resumed` of them were there at the start. */
  readonly onProgress?: (sent: number, resumed: number) => void;
}

/**
 * @param upload with its `sha256`, so that another call goes on where this one stopped.
 * @throws what requests throw, once patience is at its end; the board keeps what it has for a day.
 */
export async function uploadModel(
  connection: Connection,
  upload: z.input<typeof newUploadSchema> & { readonly sha256: string },
  { read, onProgress, signal, ...patience }: UploadOptions,
): Promise<Checkpoint> {
  const options = signal ? { signal } : {};
  const there = await patiently(() => beginUpload(connection, upload, options), patience);
  if (there.state === "complete") return there;
  const { id, bytes, partBytes, parts } = there;
  const received = new Set(there.received);
  const sizeOf = (number: number) => Math.min(partBytes, bytes - (number - 1) * partBytes);
  const resumed = there.received.reduce((sum, number) => sum + sizeOf(number), 0);
  let sent = resumed;
  onProgress?.(sent, resumed);
  for (let number = 1; number <= parts; number++) {
    if (received.has(number)) continue;
    const body = await read((number - 1) * partBytes, sizeOf(number));
    await patiently(() => sendPart(connection, id, number, body, options), patience);
    sent += sizeOf(number);
    onProgress?.(sent, resumed);
  }
  return patiently(() => completeUpload(connection, id, options), patience);
}
