/** Downloads that go on where they broke off, and are what their hash says. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { unreachable } from "../../../shared/api/client/connection.ts";
import type { HttpResponse } from "../../../shared/api/client/fetch.ts";
import { PlateauError } from "../../../shared/errors.ts";

/** The board sent something else than what it had announced. */
export class WrongFileError extends PlateauError {}

export interface Download {
  readonly sha256: string;
  readonly bytes: number;
  /** What it is, for errors. */
  readonly what: string;
  /** Whether parts of it can be had. */
  readonly resumable: boolean;
  /** The file from `offset` on; status 206 where that is not its beginning. */
  readonly open: (offset: number) => Promise<HttpResponse>;
  readonly onProgress?: (received: number) => void;
}

/**
 * One attempt to get the rest of a file. What is there of `path`.part stays there when it breaks off.
 *
 * @throws WrongFileError, after which nothing is left of it; UnreachableError where the connection breaks; what `open`
 * throws.
 */
export async function downloadTo(path: string, wanted: Download): Promise<void> {
  const part = `${path}.part`;
  const { sha256, bytes, what, resumable } = wanted;
  for (;;) {
    const hash = createHash("sha256");
    const have = (await stat(part).catch(() => null))?.size ?? 0;
    const begin = resumable && have <= bytes ? have : 0;
    if (begin > 0) await pipeline(createReadStream(part, { end: begin - 1 }), hash, { end: false });
    const received = begin < bytes || begin === 0 ? await receive(part, begin, hash, wanted) : begin;
    if (received === bytes && hash.digest("hex") === sha256) return rename(part, path);
    await rm(part, { force: true });
    // What was there from before may have been the wrong part.
    if (begin > 0) continue;
    throw new WrongFileError(`The board sent another file than it announced: ${what}, ${sha256}.`);
  }
}

async function receive(part: string, begin: number, hash: Hash, wanted: Download): Promise<number> {
  const response = await wanted.open(begin);
  if (begin > 0 && response.status !== 206) {
    throw new WrongFileError(`The board does not send parts of files (status ${response.status}).`);
  }
  const file = await open(part, begin > 0 ? "r+" : "w");
  let offset = begin;
  try {
    const reader = response.body!.getReader();
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw unreachable("The board", error);
      });
      if (done || !value) break;
      if (offset + value.length > wanted.bytes) {
        await reader.cancel();
        return offset + value.length;
      }
      hash.update(value);
      await file.write(value, 0, value.length, offset);
      offset += value.length;
      wanted.onProgress?.(offset);
    }
  } finally {
    await file.close();
  }
  if (offset < wanted.bytes) throw unreachable("The board", new Error(`it broke off after ${offset} bytes`));
  return offset;
}
