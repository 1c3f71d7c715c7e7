import { expect, test } from "vitest";
import { importReportSchema } from "../../../shared/api/archive.ts";
import { packed, withExternalData } from "../../../test/support/external-data.ts";
import { bindings } from "../testing/bindings.ts";
import { toyFile } from "../testing/models.ts";
import { api, owner, problemOf, tokenFor } from "../testing/request.ts";
import { suiteText, syntheticResult } from "../testing/small-suite.ts";
import { sha256Of, uploadModel } from "../testing/upload.ts";
import { modelKey } from "./store.ts";

const bytes = toyFile(50);
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

test("a model of two files comes as an archive, is inspected in it, and goes out as one", async () => {
  const { model, data } = withExternalData(toyFile(51), "model.onnx.data");
  const archive = packed({ "model.onnx": model, "model.onnx.data": data });
  const token = await tokenFor(["submit"]);
  const found = await uploadModel(archive, { token, file: "toy.tar" });
  const alone = await uploadModel(toyFile(51), { token });
  expect(found).toMatchObject({ name: "toy", bytes: archive.length, sha256: await sha256Of(archive) });
  expect(found.parameters).toBe(alone.parameters);
  expect(found.vocabulary).toBe(alone.vocabulary);
  for (const method of ["GET", "HEAD"]) {
    const file = await api(`checkpoints/${found.id}/file`, { token, method });
    expect(Object.fromEntries(file.headers)).toMatchObject({
      "content-type": "application/x-tar",
      "content-disposition": `attachment; filename="${found.id}.tar"`,
      "content-length": String(archive.length),
    });
    const bytes = await bytesOf(file);
    expect(bytes).toEqual(method === "GET" ? archive : new Uint8Array(0));
  }
});

test("a public model is anyone's: whole, by ranges, and only when it is new", async () => {
  const { id, sha256 } = await uploadModel(bytes, {
    token: await tokenFor(["submit"]),
    visibility: "public",
    card: { name: '"; filename="evil.exe' },
  });
  const path = `checkpoints/${id}/file`;
  const whole = await api(path);
  expect(whole.status).toBe(200);
  expect(Object.fromEntries(whole.headers)).toMatchObject({
    "content-type": "application/octet-stream",
    "content-disposition": `attachment; filename="${id}.onnx"`,
    "x-content-type-options": "nosniff",
    "content-length": String(bytes.length),
    "accept-ranges": "bytes",
    etag: `"${sha256}"`,
    "cache-control": "public, no-cache",
  });
  expect(await bytesOf(whole)).toEqual(bytes);

  const range = (header: string, more: Record<string, string> = {}) =>
    api(path, { headers: { Range: header, ...more } });
  for (const [header, offset, length] of [
    ["bytes=0-0", 0, 1],
    ["bytes=100-199", 100, 100],
    ["bytes=-7", bytes.length - 7, 7],
    [`bytes=${bytes.length - 3}-`, bytes.length - 3, 3],
  ] as const) {
    const part = await range(header);
    expect(part.status).toBe(206);
    expect(part.headers.get("Content-Range")).toBe(`bytes ${offset}-${offset + length - 1}/${bytes.length}`);
    expect(part.headers.get("Content-Length")).toBe(String(length));
    expect(await bytesOf(part)).toEqual(bytes.slice(offset, offset + length));
  }
  expect(await bytesOf(await range("bytes=0-1,5-6"))).toEqual(bytes);
  expect((await bytesOf(await range("bytes=0-9", { "If-Range": `"${sha256}"` }))).length).toBe(10);
  expect((await bytesOf(await range("bytes=0-9", { "If-Range": '"another"' }))).length).toBe(bytes.length);
  const beyond = await range(`bytes=${bytes.length}-`);
  expect(beyond.headers.get("Content-Range")).toBe(`bytes */${bytes.length}`);
  expect(await problemOf(beyond)).toMatchObject({ status: 416, title: "Range Not Satisfiable" });

  expect((await api(path, { headers: { "If-None-Match": `"${sha256}"` } })).status).toBe(304);
  const head = await api(path, { method: "HEAD" });
  expect([head.status, head.headers.get("Content-Length")]).toEqual([200, String(bytes.length)]);
  expect(await bytesOf(head)).toHaveLength(0);
});

test("a private model is its owner's and the admins'; to others there is none, but its card is there", async () => {
  const [mine, theirs] = [await tokenFor(["submit"]), await tokenFor(["submit", "evaluate", "work"])];
  const { id } = await uploadModel(bytes, { token: mine });
  for (const token of [mine, await tokenFor(["admin"]), owner]) {
    const file = await api(`checkpoints/${id}/file`, { token });
    expect(file.headers.get("Cache-Control")).toBe("private, no-cache");
    expect(file.headers.get("Vary")).toContain("Authorization");
    expect(await bytesOf(file)).toEqual(bytes);
  }
  for (const refused of [api(`checkpoints/${id}/file`), api(`checkpoints/${id}/file`, { token: theirs })]) {
    const problem = await problemOf(await refused);
    expect(problem).toMatchObject({ status: 404, code: "no-file" });
  }
  const etag = `"${await sha256Of(bytes)}"`;
  const guess = await api(`checkpoints/${id}/file`, { headers: { "If-None-Match": etag } });
  expect(await problemOf(guess)).toMatchObject({ status: 404 });
  const expired = await tokenFor(["submit"], Date.now() - 120_000);
  expect(await problemOf(await api(`checkpoints/${id}/file`, { token: expired }))).toMatchObject({
    status: 401,
  });
  expect(await (await api(`checkpoints/${id}`)).json()).toMatchObject({ id, visibility: "private" });
});

test("what was imported has no file; what storage lost is said to be lost", async () => {
  await api("suites", {
    method: "POST",
    token: owner,
    body: suiteText("file@1"),
    headers: { "Content-Type": "application/json" },
  });
  const result = await syntheticResult({ suite: suiteText("file@1"), model: 1 });
  const imported = await api("import", { token: owner, json: result });
  const { checkpoint } = importReportSchema.parse(await imported.json()).results[0]!;
  expect(await problemOf(await api(`checkpoints/${checkpoint}/file`, { token: owner }))).toMatchObject({
    status: 404,
    code: "no-file",
    detail: expect.stringContaining("imported"),
  });
  expect(await (await api(`checkpoints/${checkpoint}`)).json()).toMatchObject({
    bytes: null,
    vocabulary: null,
  });
  expect(await problemOf(await api("checkpoints/aaaaaaaaaaaaaaaa/file"))).toMatchObject({
    status: 404,
    code: "no-such-checkpoint",
  });

  const lost = toyFile(51);
  const { id } = await uploadModel(lost, { token: owner, visibility: "public" });
  await bindings.BLOBS.delete(modelKey(await sha256Of(lost)));
  expect(await problemOf(await api(`checkpoints/${id}/file`))).toMatchObject({
    status: 503,
    code: "file-missing",
  });
});
