import { expect, test } from "vitest";
import { modelKey } from "../checkpoints/store.ts";
import { bindings } from "../testing/bindings.ts";
import { toyFile } from "../testing/models.ts";
import { api, owner, problemOf, tokenFor } from "../testing/request.ts";
import { beginUpload, complete, sendAll, sendPart, sha256Of, uploadModel } from "../testing/upload.ts";
import { expireUploads } from "./discard.ts";
import { listParts, partKey, requireAllParts } from "./parts.ts";
import { hashParts, keepModel } from "./keep-model.ts";
import { LIFETIME, requireUpload } from "./store.ts";

const { DB, BLOBS } = bindings;
const modelThere = async (sha256: string) => (await BLOBS.head(modelKey(sha256))) !== null;

test("what is not complete in time is thrown away; what is complete stays", async () => {
  const token = await tokenFor(["submit"], Date.now() + LIFETIME);
  const kept = await uploadModel(toyFile(30), { token });
  const pending = await sendAll(toyFile(31), { token });
  const now = Date.now();
  expect(await expireUploads(bindings, now + LIFETIME - 60_000)).toEqual({ uploads: 0, parts: 0 });
  expect(await listParts(BLOBS, pending)).toHaveLength(1);

  expect(await expireUploads(bindings, now + LIFETIME + 60_000)).toEqual({ uploads: 2, parts: 0 });
  expect(await listParts(BLOBS, pending)).toEqual([]);
  expect(await problemOf(await complete(pending, token))).toMatchObject({ status: 404 });
  expect((await api(`checkpoints/${kept.id}/file`, { token })).status).toBe(200);
  // Its upload is no longer remembered, but the checkpoint is.
  expect(await problemOf(await complete(kept.id, token))).toMatchObject({
    status: 404,
    code: "no-such-upload",
  });
  expect(await (await api(`checkpoints/${kept.id}`)).json()).toEqual(kept);
  expect(await expireUploads(bindings, now + LIFETIME + 60_000)).toEqual({ uploads: 0, parts: 0 });
});

test("an upload whose time is over takes nothing more, even before it is swept", async () => {
  const token = await tokenFor(["submit"]);
  const id = await sendAll(toyFile(32), { token });
  await DB.prepare("UPDATE uploads SET expires_at = ? WHERE id = ?").bind(Date.now(), id).run();
  expect(await problemOf(await sendPart(id, 1, toyFile(32), token))).toMatchObject({ status: 404 });
  expect(await problemOf(await complete(id, token))).toMatchObject({ status: 404 });
  expect((await api(`checkpoints/${id}`, { token })).status).toBe(404);
});

test("parts that belong to no upload go once no upload can be so old", async () => {
  await BLOBS.put(partKey("aaaaaaaaaaaaaaaa", 1), "left over");
  const now = Date.now();
  await expireUploads(bindings, now);
  expect(await listParts(BLOBS, "aaaaaaaaaaaaaaaa")).toHaveLength(1);
  expect((await expireUploads(bindings, now + LIFETIME + 60_000)).parts).toBe(1);
  expect(await listParts(BLOBS, "aaaaaaaaaaaaaaaa")).toEqual([]);
});

/** As completing leaves it when the isolate dies just before the checkpoint's row is written. */
async function crashed(seed: number, token: string): Promise<{ id: string; sha256: string }> {
  const id = await sendAll(toyFile(seed), { token });
  const { owner: theirs } = (await DB.prepare("SELECT owner FROM uploads WHERE id = ?")
    .bind(id)
    .first<{ owner: string }>())!;
  const upload = await requireUpload(DB, id, theirs, Date.now());
  const parts = await requireAllParts(BLOBS, id, upload.bytes);
  const sha256 = await hashParts(BLOBS, parts);
  await keepModel(bindings, upload, { sha256, archive: false }, parts);
  expect(await modelThere(sha256)).toBe(true);
  return { id, sha256 };
}

test("after a crash, completing again goes on", async () => {
  const token = await tokenFor(["submit"]);
  const { id, sha256 } = await crashed(33, token);
  expect(await problemOf(await sendPart(id, 1, toyFile(33), token))).toMatchObject({ status: 409 });
  const response = await complete(id, token);
  expect(response.status).toBe(201);
  expect(await response.json()).toMatchObject({ id, sha256 });
});

test("after a crash that nobody comes back from, the model goes with the upload", async () => {
  const { sha256 } = await crashed(34, await tokenFor(["submit"]));
  await expireUploads(bindings, Date.now() + LIFETIME + 60_000);
  expect(await modelThere(sha256)).toBe(false);
});

test("unless someone else has the same model", async () => {
  const bytes = toyFile(35);
  const sha256 = await sha256Of(bytes);
  const { id } = await crashed(35, await tokenFor(["submit"]));
  const other = await uploadModel(bytes, { token: await tokenFor(["submit"]), visibility: "public" });
  expect((await api(`checkpoints/${id}`, { method: "DELETE", token: owner })).status).toBe(204);
  expect(await modelThere(sha256)).toBe(true);
  const file = await api(`checkpoints/${other.id}/file`);
  expect(await sha256Of(new Uint8Array(await file.arrayBuffer()))).toBe(sha256);
});

test("an upload that is cancelled while it is completed leaves nothing", async () => {
  const token = await tokenFor(["submit"]);
  for (let seed = 36; seed < 40; seed++) {
    const id = await sendAll(toyFile(seed), { token });
    const [completed, cancelled] = await Promise.all([
      complete(id, token),
      scheduler.wait(8 * (seed - 36)).then(() => api(`checkpoints/${id}`, { method: "DELETE", token })),
    ]);
    // Whichever was first: either a checkpoint was made and then removed, or none was made.
    expect(cancelled.status).toBe(204);
    expect(completed.status).toBeOneOf([201, 404, 409]);
    await completed.body?.cancel();
    expect((await api(`checkpoints/${id}`)).status).toBe(404);
    expect(await modelThere(await sha256Of(toyFile(seed)))).toBe(false);
    expect(await listParts(BLOBS, id)).toEqual([]);
  }
});

test("a part that is still coming in when its upload ends is not kept", async () => {
  const token = await tokenFor(["submit"]);
  const { id } = await beginUpload(10, { token });
  const { readable, writable } = new FixedLengthStream(10);
  const sending = api(`checkpoints/${id}/parts/1`, { method: "PUT", token, body: readable });
  const writer = writable.getWriter();
  await writer.write(new Uint8Array(5));
  expect((await api(`checkpoints/${id}`, { method: "DELETE", token })).status).toBe(204);
  await writer.write(new Uint8Array(5));
  await writer.close();
  expect(await problemOf(await sending)).toMatchObject({ status: expect.toBeOneOf([404, 409]) });
  expect(await listParts(BLOBS, id)).toEqual([]);
});
