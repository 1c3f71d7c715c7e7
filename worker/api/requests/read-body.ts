/** Bodies of requests, with an end. */
import { ApiError } from "../problems/api-error.ts";

/**
 * The body's text in pieces, counted while it comes in.
 *
 * @param limit bytes.
 * @throws ApiError 413 beyond the limit, 400 where it is no UTF-8.
 */
export async function* streamText(request: Request, limit: number): AsyncGenerator<string> {
  const declared = Number(request.headers.get("Content-Length") ?? 0);
  if (declared > limit) throw tooLarge(limit);
  if (!request.body) return;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  const decode = (bytes?: Uint8Array) => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      throw new ApiError(400, "not-text", "The body is not text in UTF-8; send it as it was written.");
    }
  };
  let read = 0;
  const reader = request.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      read += value.byteLength;
      if (read > limit) throw tooLarge(limit);
      yield decode(value);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  yield decode();
}

/** The whole body. @throws ApiError as `streamText` does. */
export async function readText(request: Request, limit: number): Promise<string> {
  const pieces: string[] = [];
  for await (const piece of streamText(request, limit)) pieces.push(piece);
  return pieces.join("");
}

function tooLarge(limit: number): ApiError {
  return new ApiError(
    413,
    "too-large",
    `The body is longer than ${limit} bytes, which this route takes at most.`,
  );
}
