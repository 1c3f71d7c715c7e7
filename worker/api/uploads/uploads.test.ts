import { expect, test } from "vitest";
import { checkpointSchema } from "../../../shared/api/checkpoints.ts";
import { LARGEST_MODEL, PART_BYTES, uploadSchema } from "../../../shared/api/uploads.ts";
import { resultSchema } from "../../../shared/evaluate/result-schema.ts";
import { modelKey } from "../checkpoints/store.ts";
import { bindings } from "../testing/bindings.ts";
import { largeToyFile, toyFile, zooModel } from "../testing/models.ts";
import { api, problemOf, tokenFor } from "../testing/request.ts";
import {
  beginUpload,
  complete,
  partOf,
  sendAll,
  sendPart,
  sha256Of,
  uploadModel,
} from "../testing/upload.ts";
import { listParts } from "./parts.ts";
import { LIFETIME, MOST_PENDING } from "./store.ts";

const { BLOBS } = bindings;
const RESULTS = import.meta.glob<string>("../../../models/zoo/pcfg-mini/results/*.json", {
  query: "?raw",
  import: "default",
});

test("a checkpoint of the zoo, from the card to the file", async () => {
  const name = "adamw-d48-s1-step-6000";
  const bytes = await zooModel(name);
  const sha256 = await sha256Of(bytes);
  const token = await tokenFor(["submit"]);
  const card = { name, run: "adamw-d48-s1", family: "d48", step: 6000, optimiser: "AdamW" };
  const upload = await beginUpload(bytes.byteLength, { token, card, sha256 });
  expect(upload).toMatchObject({ name, card, sha256, parts: 1, received: [], visibility: "private" });
  expect(upload.partBytes).toBe(PART_BYTES);
  expect(Date.parse(upload.expiresAt) - Date.parse(upload.addedAt)).toBe(LIFETIME);
  const path = upload.partPath.replace("{number}", "1");
  const sent = await api(path, { method: "PUT", token, body: bytes });
  expect(await sent.json()).toEqual({ id: upload.id, number: 1, bytes: bytes.byteLength });
  const response = await api(upload.completePath, { method: "POST", token });
  expect(response.status).toBe(201);
  const checkpoint = checkpointSchema.parse(await response.json());
  expect(checkpoint).toMatchObject({ id: upload.id, state: "complete", sha256, card, results: [] });
  expect(checkpoint).toMatchObject({ name, run: "adamw-d48-s1", family: "d48", step: 6000 });
  expect(checkpoint.bytes).toBe(bytes.byteLength);

  // What `plateau evaluate` found in the same file.
  const results = await Promise.all(Object.values(RESULTS).map((load) => load()));
  const result = results
    .map((text) => resultSchema.parse(JSON.parse(text)))
    .find((each) => {
      return each.checkpoint.sha256 === sha256;
    });
  expect(checkpoint.parameters).toBe(result!.checkpoint.parameters);
  expect(checkpoint.vocabulary).toBe(14);

  const stored = await BLOBS.get(modelKey(sha256));
  expect(new Uint8Array(await stored!.arrayBuffer())).toEqual(bytes);
  expect(await listParts(BLOBS, upload.id)).toEqual([]);
  expect(checkpointSchema.parse(await (await api(`checkpoints/${upload.id}`)).json())).toEqual(checkpoint);
});

test("several parts, broken off and resumed: only what is missing is sent", async () => {
  const bytes = largeToyFile(900_000);
  const sha256 = await sha256Of(bytes);
  const token = await tokenFor(["submit"]);
  const { id, parts } = await beginUpload(bytes.byteLength, { token, sha256, file: "runs/a/Step 9.ONNX" });
  expect(parts).toBe(2);
  expect((await sendPart(id, 2, partOf(bytes, 2), token)).status).toBe(200);
  expect(await problemOf(await complete(id, token))).toMatchObject({
    status: 409,
    code: "parts-missing",
    detail: expect.stringContaining("1 of 2 parts are not here yet: 1."),
  });

  // The client starts anew, knowing nothing but the file.
  const again = await api("checkpoints", {
    token,
    json: { bytes: bytes.byteLength, sha256, card: { name: "nine" }, visibility: "public" },
  });
  expect(again.status).toBe(200);
  const resumed = uploadSchema.parse(await again.json());
  expect(resumed).toMatchObject({ id, received: [2], name: "nine", visibility: "public" });
  expect(uploadSchema.parse(await (await api(`checkpoints/${id}`, { token })).json())).toEqual(resumed);
  for (const number of [1, 2].filter((each) => !resumed.received.includes(each))) {
    expect((await sendPart(id, number, partOf(bytes, number), token)).status).toBe(200);
  }
  const checkpoint = checkpointSchema.parse(await (await complete(id, token)).json());
  expect(checkpoint).toMatchObject({ id, sha256, name: "nine", visibility: "public", vocabulary: 900_000 });
  const file = await api(`checkpoints/${id}/file`);
  expect(await sha256Of(new Uint8Array(await file.arrayBuffer()))).toBe(sha256);
});

test("a part that is sent again takes the place of the first", async () => {
  const bytes = toyFile(20);
  const token = await tokenFor(["submit"]);
  const { id } = await beginUpload(bytes.byteLength, { token });
  expect((await sendPart(id, 1, new Uint8Array(bytes.byteLength), token)).status).toBe(200);
  const sent = await Promise.all([1, 2, 3].map(() => sendPart(id, 1, bytes, token)));
  expect(sent.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(checkpointSchema.parse(await (await complete(id, token)).json()).sha256).toBe(await sha256Of(bytes));
});

test("completing again, and at once, gives one checkpoint", async () => {
  const token = await tokenFor(["submit"]);
  const id = await sendAll(toyFile(21), { token });
  const answers = await Promise.all(Array.from({ length: 4 }, () => complete(id, token)));
  answers.push(await complete(id, token));
  const all = await Promise.all(answers.map((each) => each.json()));
  expect(answers.map(({ status }) => status).filter((status) => status > 201)).toEqual([]);
  expect(answers.at(-1)!.status).toBe(200);
  expect(new Set(all.map((each) => JSON.stringify(each))).size).toBe(1);
  expect(await problemOf(await sendPart(id, 1, toyFile(21), token))).toMatchObject({
    status: 409,
    code: "upload-complete",
  });
});

test("the same model again: one checkpoint for its owner, with its card as it was; another one for others", async () => {
  const bytes = toyFile(22);
  const sha256 = await sha256Of(bytes);
  const [mine, theirs] = [await tokenFor(["submit"]), await tokenFor(["submit"])];
  const first = await uploadModel(bytes, { token: mine, card: { name: "first" } });
  const again = await uploadModel(bytes, { token: mine, card: { name: "second" } });
  expect(again).toEqual(first);
  const known = await api("checkpoints", { token: mine, json: { bytes: 1, sha256, file: "x" } });
  expect(known.status).toBe(200);
  expect(await known.json()).toEqual(first);
  const other = await uploadModel(bytes, { token: theirs, card: { name: "third" }, sha256 });
  expect(other.id).not.toBe(first.id);
  expect(other).toMatchObject({ sha256, name: "third" });
  expect((await BLOBS.list({ prefix: modelKey(sha256) })).objects).toHaveLength(1);
});

test("what another hash was declared for is refused, and gone", async () => {
  const token = await tokenFor(["submit"]);
  const id = await sendAll(toyFile(23), { token, sha256: "0".repeat(64) });
  expect(await problemOf(await complete(id, token))).toMatchObject({
    status: 422,
    code: "wrong-hash",
    detail: expect.stringContaining(await sha256Of(toyFile(23))),
  });
  expect(await listParts(BLOBS, id)).toEqual([]);
  expect(await problemOf(await complete(id, token))).toMatchObject({ status: 404, code: "no-such-upload" });
  expect((await api(`checkpoints/${id}`, { token })).status).toBe(404);
});

test("an upload is its owner's: to others there is none", async () => {
  const [mine, theirs] = [await tokenFor(["submit"]), await tokenFor(["submit"])];
  const bytes = toyFile(24);
  const { id } = await beginUpload(bytes.byteLength, { token: mine });
  for (const refused of [
    sendPart(id, 1, bytes, theirs),
    complete(id, theirs),
    api(`checkpoints/${id}`),
    api(`checkpoints/${id}`, { token: theirs }),
    api(`checkpoints/${id}/file`, { token: mine }),
    api(`checkpoints/${id}`, { token: theirs, method: "DELETE" }),
    api(`checkpoints/${id}`, { token: theirs, method: "PATCH", json: { visibility: "public" } }),
  ]) {
    expect(await problemOf(await refused)).toMatchObject({ status: 404 });
  }
  expect((await sendPart(id, 1, bytes, mine)).status).toBe(200);
  expect((await api(`checkpoints/${id}`, { token: mine, method: "DELETE" })).status).toBe(204);
  expect(await listParts(BLOBS, id)).toEqual([]);
  expect(await problemOf(await sendPart(id, 1, bytes, mine))).toMatchObject({ status: 404 });
});

test.each<[string, object, string]>([
  ["no name", {}, "card.name"],
  ["a file without a name", { file: "folder/.onnx" }, "file"],
  ["control characters", { card: { name: "a\u0000b" } }, "card.name"],
  ["text turned around", { card: { name: "x", run: "a\u202Eb" } }, "card.run"],
  ["half a surrogate pair", { card: { name: "x", family: "\uD800" } }, "card.family"],
  ["a name without end", { card: { name: "x".repeat(201) } }, "card.name"],
  ["a step that is none", { card: { name: "x", step: -1 } }, "card.step"],
  ["a nested card", { card: { name: "x", other: {} } }, "card.other"],
  [
    "a huge card",
    { card: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`n${i}`, "x".repeat(9999)])), file: "x" },
    "card",
  ],
  ["no bytes", { file: "x", bytes: 0 }, "bytes"],
  ["half a byte", { file: "x", bytes: 0.5 }, "bytes"],
  ["too many bytes", { file: "x", bytes: LARGEST_MODEL + 1 }, "bytes"],
  ["a hash that is none", { file: "x", sha256: "A".repeat(64) }, "sha256"],
  ["another visibility", { file: "x", visibility: "secret" }, "visibility"],
  ["an owner", { file: "x", owner: "owner" }, ""],
])("refuses to begin with %s", async (_, body, path) => {
  const token = await tokenFor(["submit"]);
  const problem = await problemOf(await api("checkpoints", { token, json: { bytes: 10, ...body } }));
  expect(problem).toMatchObject({ status: 422, errors: [{ in: "body", path }] });
});

test("names keep their meaning, whatever they look like", async () => {
  const token = await tokenFor(["submit"]);
  for (const [name, shown] of [
    ["Robert'); DROP TABLE checkpoints;--", "Robert'); DROP TABLE checkpoints;--"],
    ["../../etc/passwd", "../../etc/passwd"],
    [" Cafe\u0301 👩🏽‍💻 ", "Café 👩🏽‍💻"],
    ["__proto__", "__proto__"],
    ["a?b#c%2e/..\\", "a?b#c%2e/..\\"],
  ]) {
    const { id, name: found } = await beginUpload(10, { token, card: { name, run: name } });
    expect(found).toBe(shown);
    expect((await api(`checkpoints/${id}`, { token, method: "DELETE" })).status).toBe(204);
  }
  for (const [file, name] of [
    ["C:\\models\\../step-9.onnx", "step-9"],
    ["/etc/passwd", "passwd"],
  ]) {
    expect((await beginUpload(10, { token, file: file! })).name).toBe(name);
  }
});

test("ids that are none reach no storage", async () => {
  const token = await tokenFor(["submit", "admin"]);
  for (const id of ["..%2f..%2fsuites", "1'--", "%00", "ABCDEFGHIJKLMNOP", "a".repeat(17), "😀"]) {
    for (const [method, path] of [
      ["GET", `checkpoints/${id}`],
      ["GET", `checkpoints/${id}/file`],
      ["PUT", `checkpoints/${id}/parts/1`],
      ["POST", `checkpoints/${id}/complete`],
      ["DELETE", `checkpoints/${id}`],
    ] as const) {
      const response = await api(path, { token, method });
      expect([400, 404, 405], `${method} ${path}`).toContain(response.status);
    }
  }
  const { id } = await beginUpload(10, { token });
  for (const number of ["0", "-1", "1.5", "1e1", "NaN", "%2e%2e", "129", "2"]) {
    const response = await api(`checkpoints/${id}/parts/${number}`, {
      method: "PUT",
      token,
      body: "0123456789",
    });
    expect([400, 404], number).toContain(response.status);
  }
  expect(await listParts(BLOBS, id)).toEqual([]);
});

test("a token has so many uploads under way, and so many bytes; what ends makes room", async () => {
  const token = await tokenFor(["submit"]);
  const begin = (bytes: number, as = token) => api("checkpoints", { token: as, json: { bytes, file: "x" } });
  const begun = await Promise.all(Array.from({ length: MOST_PENDING + 4 }, () => begin(10)));
  expect(begun.filter(({ status }) => status === 201)).toHaveLength(MOST_PENDING);
  const refused = begun.filter(({ status }) => status !== 201);
  for (const each of refused) {
    expect(await problemOf(each)).toMatchObject({ status: 429, code: "too-many-uploads" });
  }
  const { id } = await begun.find(({ status }) => status === 201)!.json<{ id: string }>();
  expect((await begin(10, await tokenFor(["submit"]))).status).toBe(201);
  expect((await api(`checkpoints/${id}`, { token, method: "DELETE" })).status).toBe(204);
  expect((await begin(10)).status).toBe(201);

  const large = await tokenFor(["submit"]);
  expect((await begin(LARGEST_MODEL, large)).status).toBe(201);
  expect((await begin(LARGEST_MODEL, large)).status).toBe(201);
  expect((await begin(1, large)).status).toBe(429);
});

test("a card of another kind, or too long, is refused", async () => {
  const token = await tokenFor(["submit"]);
  const send = (body: string, type: string) =>
    api("checkpoints", { method: "POST", token, body, headers: { "Content-Type": type } });
  expect(await problemOf(await send("{}", "text/plain"))).toMatchObject({ status: 415 });
  expect(await problemOf(await send("{", "application/json"))).toMatchObject({ status: 400 });
  expect(await problemOf(await send(`{"x":"${"x".repeat(600_000)}"}`, "application/json"))).toMatchObject({
    status: 413,
  });
});
