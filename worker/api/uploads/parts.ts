/** Parts of a file in R2, each an object of its own: what is there can be sent again, and asked of R2 itself. */
import { partCount, partRange } from "../../../shared/api/uploads.ts";
import { ApiError } from "../problems/api-error.ts";

/** Where parts lie until their upload is complete. */
export const UPLOADS = "uploads/";

export interface Part {
  readonly number: number;
  readonly key: string;
  readonly bytes: number;
  /** Another one each time the part is sent. */
  readonly version: string;
}

/** R2 did not give what it was asked for: that is not the model's fault. */
export class SourceError extends Error {}

/** A part is another one than it was, or gone: someone sent it again, or the upload ended. */
export class PartChangedError extends SourceError {}

/** The parts that are there, by number. */
export async function listParts(bucket: R2Bucket, upload: string): Promise<Part[]> {
  const prefix = prefixOf(upload);
  // A file has fewer parts than one list can hold.
  const { objects } = await bucket.list({ prefix });
  return objects
    .map(({ key, size, version }) => ({
      number: Number(key.slice(prefix.length)),
      key,
      bytes: size,
      version,
    }))
    .sort((a, b) => a.number - b.number);
}

/** @throws ApiError 409 where some are missing. */
export async function requireAllParts(bucket: R2Bucket, upload: string, bytes: number): Promise<Part[]> {
  const parts = await listParts(bucket, upload);
  const there = new Set(parts.map(({ number }) => number));
  const count = partCount(bytes);
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((number) => !there.has(number));
  if (missing.length === 0) return parts;
  const shown = missing.slice(0, 10).join(", ") + (missing.length > 10 ? ", …" : "");
  throw new ApiError(
    409,
    "parts-missing",
    `${missing.length} of ${count} parts are not here yet: ${shown}. PUT them, then complete the upload.`,
  );
}

/**
 * Stores a part as it comes in; nothing of it is kept unless it is whole.
 *
 * @throws ApiError 411 without a length, 400 with another one than the part has.
 */
export async function storePart(
  bucket: R2Bucket,
  upload: string,
  number: number,
  bytes: number,
  request: Request,
): Promise<void> {
  const { length } = partRange(bytes, number);
  assertLength(request.headers.get("Content-Length"), number, length);
  const { readable, writable } = new FixedLengthStream(length);
  const body = request.body ?? new Blob([]).stream();
  const [received, stored] = await Promise.allSettled([
    body.pipeTo(writable),
    bucket.put(partKey(upload, number), readable),
  ]);
  if (stored.status === "fulfilled" && received.status === "fulfilled") return;
  for (const outcome of [received, stored]) {
    if (outcome.status === "rejected" && /FixedLengthStream/.test(String(outcome.reason))) {
      throw wrongLength(number, length, "the body has another");
    }
  }
  throw (stored.status === "rejected" ? stored : (received as PromiseRejectedResult)).reason;
}

/** Removes parts; those that are gone already are no error. */
export async function deleteParts(bucket: R2Bucket, upload: string): Promise<void> {
  const keys = (await listParts(bucket, upload)).map(({ key }) => key);
  if (keys.length > 0) await bucket.delete(keys);
}

export function partKey(upload: string, number: number): string {
  return `${prefixOf(upload)}${number}`;
}

/** One part after another. @throws PartChangedError */
export async function pipeParts(
  bucket: R2Bucket,
  parts: readonly Part[],
  writable: WritableStream<ArrayBuffer | ArrayBufferView>,
): Promise<void> {
  try {
    for (const part of parts) {
      const { body } = await openPart(bucket, part);
      await body.pipeTo(writable, { preventClose: true });
    }
  } catch (error) {
    await writable.abort(error).catch(() => undefined);
    throw error;
  }
  await writable.close();
}

/** @param range within the part; all of it where absent. @throws PartChangedError */
export async function openPart(bucket: R2Bucket, part: Part, range?: R2Range): Promise<R2ObjectBody> {
  const object = await bucket.get(part.key, range && { range });
  if (object?.version === part.version) return object;
  await object?.body.cancel();
  throw new PartChangedError(`${part.key} is not what it was`);
}

function prefixOf(upload: string): string {
  return `${UPLOADS}${upload}/`;
}

function assertLength(header: string | null, number: number, expected: number): void {
  if (header === null) {
    throw new ApiError(
      411,
      "length-required",
      "The request has no Content-Length; send the part's length with it, and no chunked encoding.",
    );
  }
  if (Number(header) !== expected)
    throw wrongLength(number, expected, `Content-Length is ${header.slice(0, 20)}`);
}

function wrongLength(number: number, expected: number, found: string): ApiError {
  return new ApiError(
    400,
    "wrong-length",
    `Part ${number} of this upload has ${expected} bytes, but ${found}. Nothing of it was kept; send it as a whole.`,
  );
}
