import { ApiError } from "../../api/problems/api-error.ts";
import type { Held } from "../accounting.ts";
import { memory } from "../runtime.ts";

export interface WholeBody {
  readonly bytes: Uint8Array;
  /** Of the memory account; to be released. */
  readonly held: Held;
}

/**
 * The body in one piece, counted while it comes in, and held once: in place where its length is known beforehand.
 *
 * @throws ApiError 413 beyond the limit, 400 where it breaks off; OverBudgetError.
 */
export async function readWhole(request: Request, limit: number): Promise<WholeBody> {
  const declared = Number(request.headers.get("Content-Length") ?? NaN);
  if (declared > limit) throw tooLarge(limit);
  const pieces: Uint8Array[] = [];
  // Without a length pieces are kept until all are there, and then for a moment a second time.
  const transient = memory.hold("the body", Number.isInteger(declared) ? 0 : 2 * limit);
  const known = Number.isInteger(declared) ? new Uint8Array(declared) : null;
  const held = memory.hold("the model", known?.length ?? 0);
  let read = 0;
  const reader = request.body?.getReader();
  try {
    for (;;) {
      const { done, value } = await next(reader);
      if (done) break;
      if (read + value.byteLength > (known?.length ?? limit)) throw tooLarge(limit);
      if (known) known.set(value, read);
      else pieces.push(value);
      read += value.byteLength;
    }
    if (known) {
      if (read < known.length) throw brokenOff();
      return kept(known, held);
    }
    held.release();
    const bytes = new Uint8Array(read);
    let at = 0;
    for (const piece of pieces.splice(0)) {
      bytes.set(piece, at);
      at += piece.byteLength;
    }
    transient.release();
    return kept(bytes, memory.hold("the model", read));
  } catch (error) {
    held.release();
    throw error;
  } finally {
    transient.release();
    await reader?.cancel().catch(() => undefined);
  }
}

async function next(
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return (await reader?.read()) ?? { done: true };
  } catch {
    throw brokenOff();
  }
}

function kept(bytes: Uint8Array, held: Held): WholeBody {
  memory.counted.add(bytes.buffer);
  return { bytes, held };
}

function brokenOff(): ApiError {
  return new ApiError(400, "broken-off", "The body broke off before its end; send it again.");
}

function tooLarge(limit: number): ApiError {
  return new ApiError(
    413,
    "too-large",
    `The body is longer than ${limit} bytes, the most that is evaluated here; upload larger models, or evaluate them on a ` +
      "machine of your own.",
  );
}
