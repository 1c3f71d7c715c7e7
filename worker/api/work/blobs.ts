/** Features between extracting shards and fits: lent workers write and read them through the API. */
import { ApiError } from "../problems/api-error.ts";
import type { HeldLease } from "../evaluations/find-lease.ts";
import { prefixOf } from "../evaluations/blobs.ts";
import { extractorOf, lentBlobs } from "../trust/lent-blobs.ts";
import { featureBytes, featureKey, mostStates } from "./features-left.ts";
import { loadSuite } from "./lent-suite.ts";

type Storage = { readonly DB: D1Database; readonly BLOBS: R2Bucket };

/** For fits. @throws ApiError 403 for other shards, 404 where no shard that is done has left it. */
export async function readBlob(
  storage: Storage,
  { evaluation, lease, shard }: HeldLease,
  key: string,
): Promise<Uint8Array> {
  if (shard.spec.kind !== "fit") {
    throw new ApiError(403, "not-your-blob", `${shard.id} reads nothing that other shards left; fits do.`);
  }
  const bytes = await lentBlobs(storage, evaluation, lease).get(key);
  if (bytes) return bytes;
  throw new ApiError(404, "no-such-blob", `${extractorOf(key)} has left no ${key} in this evaluation.`);
}

/**
 * What is written once stays: sending it again, as after an answer that got lost, changes nothing.
 *
 * @throws ApiError 403 where the shard leaves no such thing, 413 and 422 where it is of another size.
 */
export async function writeBlob(
  { BLOBS }: Storage,
  held: HeldLease,
  key: string,
  request: Request,
): Promise<number> {
  const { evaluation, lease, shard } = held;
  const { spec } = shard;
  const suite = await loadSuite(BLOBS, held.suite);
  const state = Number(key.split("/").at(-1));
  if (spec.kind !== "extract" || key !== featureKey(spec, state) || state >= mostStates(spec, suite)) {
    throw new ApiError(403, "not-your-blob", `${shard.id} leaves no ${key}.`);
  }
  const expected = featureBytes(spec, suite);
  const bytes = await readBytes(request, expected);
  if (bytes.byteLength !== expected) {
    throw new ApiError(
      422,
      "wrong-size",
      `${key} has ${bytes.byteLength} bytes, expected ${expected}: float32 of ${spec.count} sentences.`,
    );
  }
  await BLOBS.put(prefixOf(evaluation, lease) + key, bytes, {
    onlyIf: new Headers({ "If-None-Match": "*" }),
  });
  return expected;
}

/** @throws ApiError 413 beyond the limit. */
async function readBytes(request: Request, limit: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new ApiError(413, "too-large", `The body is longer than ${limit} bytes, which these features have.`);
  if (Number(request.headers.get("Content-Length") ?? 0) > limit) throw tooLarge();
  const bytes = new Uint8Array(limit);
  let length = 0;
  const reader = request.body?.getReader();
  try {
    for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
      const piece = read.value as Uint8Array;
      if (length + piece.byteLength > limit) throw tooLarge();
      bytes.set(piece, length);
      length += piece.byteLength;
    }
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
  return bytes.subarray(0, length);
}
