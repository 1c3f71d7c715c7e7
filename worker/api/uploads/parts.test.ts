import { expect, test } from "vitest";
import { MOST_PARTS, PART_BYTES } from "../../../shared/api/uploads.ts";
import { ApiError } from "../problems/api-error.ts";
import { bindings } from "../testing/bindings.ts";
import { problemOf, tokenFor } from "../testing/request.ts";
import { beginUpload, sendPart } from "../testing/upload.ts";
import {
  listParts,
  openPart,
  PartChangedError,
  partKey,
  requireAllParts,
  SourceError,
  storePart,
} from "./parts.ts";
import { partsSource } from "./parts-source.ts";

const { BLOBS } = bindings;

/** What a server sees of a body that comes in pieces, whatever length was announced. */
function request(pieces: readonly Uint8Array[], length: number | string | null, fails = false): Request {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      if (fails) controller.error(new Error("the client is gone"));
      else controller.close();
    },
  });
  const headers = new Headers(length === null ? {} : { "Content-Length": String(length) });
  return { body, headers } as unknown as Request;
}

const bytes = (length: number, value = 7) => new Uint8Array(length).fill(value);

test("a part comes in pieces, and is there as a whole", async () => {
  await storePart(BLOBS, "whole", 1, 10, request([bytes(4), bytes(6)], 10));
  expect(await listParts(BLOBS, "whole")).toMatchObject([{ number: 1, bytes: 10 }]);
});

test.each<[string, Request, Partial<ApiError>]>([
  ["without a length", request([bytes(10)], null), { status: 411 }],
  ["with a length that is none", request([bytes(10)], "ten"), { status: 400 }],
  ["announced too short", request([bytes(9)], 9), { status: 400 }],
  ["announced too long", request([bytes(11)], 11), { status: 400 }],
  ["that ends early", request([bytes(4), bytes(5)], 10), { status: 400, code: "wrong-length" }],
  ["without a body", request([], 10), { status: 400, code: "wrong-length" }],
])("a part %s is refused, and what was there stays", async (_, sent, problem) => {
  await BLOBS.put(partKey("stays", 1), bytes(10, 1));
  const refused = await storePart(BLOBS, "stays", 1, 10, sent).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ApiError);
  expect(refused).toMatchObject(problem);
  const there = await BLOBS.get(partKey("stays", 1));
  expect(new Uint8Array(await there!.arrayBuffer())).toEqual(bytes(10, 1));
});

test("of a part that breaks off nothing is kept", async () => {
  await expect(storePart(BLOBS, "broken", 1, 10, request([bytes(4)], 10, true))).rejects.toThrow("gone");
  expect(await listParts(BLOBS, "broken")).toEqual([]);
});

test("over HTTP: parts of other lengths, and those there are none of", async () => {
  const token = await tokenFor(["submit"]);
  const { id, parts } = await beginUpload(PART_BYTES + 5, { token });
  expect(parts).toBe(2);
  const refused = async (number: number, length: number) =>
    problemOf(await sendPart(id, number, bytes(length), token));
  expect(await refused(2, PART_BYTES)).toMatchObject({
    status: 400,
    detail:
      "Part 2 of this upload has 5 bytes, but Content-Length is 16777216. Nothing of it was kept; send it as a whole.",
  });
  expect(await refused(1, 5)).toMatchObject({ status: 400 });
  expect(await refused(2, 0)).toMatchObject({ status: expect.toBeOneOf([400, 411]) });
  expect(await refused(3, 5)).toMatchObject({ status: 404, code: "no-such-part" });
  expect(await refused(MOST_PARTS + 1, 5)).toMatchObject({ status: 400 });
  const stream = new Blob([bytes(5)]).stream().pipeThrough(new TransformStream());
  expect(await problemOf(await sendPart(id, 2, stream, token))).toMatchObject({ status: 411 });
  expect(await listParts(BLOBS, id)).toEqual([]);
});

test("parts are read as one file; one that changed meanwhile is noticed", async () => {
  const file = bytes(PART_BYTES + 100);
  for (let i = 0; i < file.length; i += 4093) file[i] = i % 251;
  await BLOBS.put(partKey("read", 2), file.subarray(PART_BYTES));
  await expect(requireAllParts(BLOBS, "read", file.length)).rejects.toMatchObject({ code: "parts-missing" });
  await BLOBS.put(partKey("read", 1), file.subarray(0, PART_BYTES));
  const parts = await requireAllParts(BLOBS, "read", file.length);
  const source = partsSource(BLOBS, parts);
  expect(source.size).toBe(file.length);
  for (const [offset, length] of [
    [0, 0],
    [0, 5],
    [PART_BYTES - 10, 10],
    [PART_BYTES - 10, 30],
    [PART_BYTES, 100],
    [file.length - 1, 1],
  ] as const) {
    expect(await source.read(offset, length)).toEqual(file.slice(offset, offset + length));
  }
  await BLOBS.put(partKey("read", 2), file.subarray(PART_BYTES));
  await expect(openPart(BLOBS, parts[1]!)).rejects.toThrow(PartChangedError);
  await expect(source.read(PART_BYTES - 1, 2)).rejects.toThrow(PartChangedError);
  await BLOBS.delete(partKey("read", 1));
  await expect(source.read(0, 2)).rejects.toThrow(PartChangedError);
  const failing = { get: () => Promise.reject(new Error("R2 is not there")) } as unknown as R2Bucket;
  await expect(partsSource(failing, parts).read(0, 2)).rejects.toThrow(SourceError);
});
