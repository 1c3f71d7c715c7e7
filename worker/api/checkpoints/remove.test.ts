import { expect, test } from "vitest";
import { importReportSchema } from "../../../shared/api/archive.ts";
import { boardPageSchema } from "../../../shared/api/boards.ts";
import { checkpointSchema, MOST_REPLACED, replacedResultsSchema } from "../../../shared/api/checkpoints.ts";
import type { Result } from "../../../shared/evaluate/result-schema.ts";
import type { Bindings } from "../environment.ts";
import { bindings } from "../testing/bindings.ts";
import { toyFile } from "../testing/models.ts";
import { api, owner, problemOf, tokenFor } from "../testing/request.ts";
import { suiteText, syntheticResult, type SyntheticResult } from "../testing/small-suite.ts";
import { complete, sendAll, sha256Of, uploadModel } from "../testing/upload.ts";
import { completeUpload } from "../uploads/complete.ts";
import { discardUpload } from "../uploads/discard.ts";
import { finishRemovals } from "./removals.ts";
import { removeCheckpoint } from "./remove.ts";
import { findManaged, modelKey, resultKey } from "./store.ts";

const { DB, BLOBS } = bindings;
const remove = (id: string, token: string) => api(`checkpoints/${id}`, { method: "DELETE", token });
const there = async (key: string) => (await BLOBS.head(key)) !== null;
const removals = async () => (await DB.prepare("SELECT kind, sha256 FROM removals").all()).results;

async function publish(id: string): Promise<string> {
  const suite = suiteText(id);
  await api("suites", {
    method: "POST",
    token: owner,
    body: suite,
    headers: { "Content-Type": "application/json" },
  });
  return suite;
}

async function bringIn(result: SyntheticResult, query = "") {
  const response = await api(`import${query}`, { token: owner, json: await syntheticResult(result) });
  expect(response.status, await response.clone().text()).toBe(200);
  const { checkpoint, suite } = importReportSchema.parse(await response.json()).results[0]!;
  const { results } = checkpointSchema.parse(await (await api(`checkpoints/${checkpoint}`)).json());
  return { checkpoint, hash: results.find((each) => each.suite === suite)!.resultSha256 };
}

test("a model goes with its last checkpoint", async () => {
  const bytes = toyFile(70);
  const key = modelKey(await sha256Of(bytes));
  const [mine, theirs] = [await tokenFor(["submit"]), await tokenFor(["submit"])];
  const first = await uploadModel(bytes, { token: mine });
  const second = await uploadModel(bytes, { token: theirs, visibility: "public" });
  expect(await problemOf(await remove(first.id, theirs))).toMatchObject({ status: 403, code: "not-yours" });
  expect((await remove(first.id, mine)).status).toBe(204);
  expect(await problemOf(await api(`checkpoints/${first.id}`))).toMatchObject({ status: 404 });
  expect(await problemOf(await complete(first.id, mine))).toMatchObject({ status: 404 });
  expect(await problemOf(await remove(first.id, mine))).toMatchObject({ status: 404 });
  expect(await there(key)).toBe(true);
  expect((await (await api(`checkpoints/${second.id}/file`)).arrayBuffer()).byteLength).toBe(bytes.length);
  expect((await remove(second.id, await tokenFor(["admin"]))).status).toBe(204);
  expect(await there(key)).toBe(false);
  expect(await removals()).toEqual([]);
  // It can come back.
  const again = await uploadModel(bytes, { token: mine });
  expect(again.id).not.toBe(first.id);
  expect(await there(key)).toBe(true);
});

test("its rows on boards and its results go with it, and no others", async () => {
  const [left, right] = [await publish("left@1"), await publish("right@1")];
  const a = await bringIn({ suite: left, model: 1, name: "a" });
  const b = await bringIn({ suite: right, model: 1, name: "a" });
  const other = await bringIn({ suite: left, model: 2, name: "other" });
  expect(b.checkpoint).toBe(a.checkpoint);
  expect((await remove(a.checkpoint, await tokenFor(["submit"]))).status).toBe(403);
  expect((await remove(a.checkpoint, owner)).status).toBe(204);
  const rows = async (board: string) => boardPageSchema.parse(await (await api(`boards/${board}`)).json());
  expect(await rows("left")).toMatchObject({ checkpoints: 1, rows: [{ checkpoint: other.checkpoint }] });
  expect(await rows("right")).toMatchObject({ checkpoints: 0, rows: [] });
  expect((await api(`checkpoints/${a.checkpoint}/results/left`)).status).toBe(404);
  const keys = [a, b, other].map(({ hash }) => resultKey(hash));
  expect(await Promise.all(keys.map(there))).toEqual([false, false, true]);
  const { results } = await DB.prepare("SELECT 1 FROM scores WHERE checkpoint = ?").bind(a.checkpoint).all();
  expect(results).toEqual([]);
  expect(await removals()).toEqual([]);
});

test("results that others took the place of can still be had, so many of them, until the checkpoint goes", async () => {
  const suite = await publish("replaced@1");
  const all = [];
  for (let loss = 1; loss <= MOST_REPLACED + 2; loss++) {
    all.push(await bringIn({ suite, model: 3, name: "x", loss }, "?replace=true"));
  }
  const { checkpoint } = all[0]!;
  const path = `checkpoints/${checkpoint}/results/replaced`;
  const list = async () => replacedResultsSchema.parse(await (await api(`${path}/replaced`)).json()).results;
  const [forgotten, oldest] = all.map(({ hash }) => hash);
  const kept = all.slice(1, -1).map(({ hash }) => hash);
  const listed = await list();
  expect(listed.map(({ resultSha256 }) => resultSha256)).toEqual(kept.toReversed());
  expect(listed[0]).toMatchObject({ origin: "imported" });

  await finishRemovals(bindings, Date.now());
  expect(await removals()).toEqual([]);
  expect(await there(resultKey(forgotten!))).toBe(false);
  const earlier = await (await api(`${path}?sha256=${oldest}`)).json<Result>();
  expect(earlier.measures["loss"]).toMatchObject({ value: 2 });
  expect(await problemOf(await api(`${path}?sha256=${forgotten}`))).toMatchObject({
    ...{ status: 404, code: "no-such-result" },
    detail: expect.stringContaining("/replaced"),
  });
  expect((await api(`${path}?sha256=${all.at(-1)!.hash}`)).status).toBe(200);
  expect(await problemOf(await api(`${path}?sha256=' OR 1=1`))).toMatchObject({ status: 400 });

  // One that comes back is kept once, and is the last that went.
  await bringIn({ suite, model: 3, name: "x", loss: 5 }, "?replace=true");
  await bringIn({ suite, model: 3, name: "x", loss: 99 }, "?replace=true");
  expect((await list())[0]!.resultSha256).toBe(all[4]!.hash);
  expect(new Set((await list()).map(({ resultSha256 }) => resultSha256)).size).toBe(MOST_REPLACED);

  await finishRemovals(bindings, Date.now());
  expect((await remove(checkpoint, owner)).status).toBe(204);
  expect(await Promise.all(all.map(({ hash }) => there(resultKey(hash))))).toEqual(all.map(() => false));
  expect(await removals()).toEqual([]);
});

test("a result that is imported while the same is being removed is there afterwards", async () => {
  const suite = await publish("race@1");
  const { hash } = await bringIn({ suite, model: 4, name: "x" });
  const key = resultKey(hash);
  for (const before of ["there", "gone"]) {
    if (before === "gone") await DB.prepare("DELETE FROM results WHERE suite = 'race@1'").run();
    await DB.prepare("INSERT OR REPLACE INTO removals VALUES ('result', ?, 'slow', ?)")
      .bind(hash, Date.now())
      .run();
    const importing = bringIn({ suite, model: 4, name: "x" });
    await scheduler.wait(300);
    await BLOBS.delete(key);
    await DB.prepare("DELETE FROM removals WHERE removal = 'slow'").run();
    expect((await importing).hash).toBe(hash);
    expect(await there(key), before).toBe(true);
  }
});

test("importing and removing the same at once leaves a row with its result, or nothing", async () => {
  const suite = await publish("both@1");
  for (let round = 0; round < 6; round++) {
    const { checkpoint, hash } = await bringIn({ suite, model: 6, name: "x" });
    const again = syntheticResult({ suite, model: 6, name: "x" });
    const [removed, imported] = await Promise.all([
      scheduler.wait(4 * round).then(() => remove(checkpoint, owner)),
      api("import", { token: owner, json: await again }),
    ]);
    expect([removed.status, imported.status]).toEqual([204, 200]);
    const { results } = importReportSchema.parse(await imported.json());
    const result = await api(`checkpoints/${results[0]!.checkpoint}/results/both`);
    expect([200, 404], `round ${round}`).toContain(result.status);
    await result.body?.cancel();
    await finishRemovals(bindings, Date.now());
    expect(await there(resultKey(hash)), `round ${round}`).toBe(result.status === 200);
    if (result.status === 200) await remove(results[0]!.checkpoint, owner);
  }
  expect(await removals()).toEqual([]);
});

test("a removal that was broken off is taken up, unless the object is needed again", async () => {
  const [gone, back] = [toyFile(71), toyFile(72)];
  const token = await tokenFor(["submit"]);
  for (const bytes of [gone, back]) {
    const { id, sha256 } = await uploadModel(bytes, { token });
    await remove(id, token);
    // As an isolate leaves it that dies between D1 and R2.
    await BLOBS.put(modelKey(sha256), bytes);
    await DB.prepare("INSERT INTO removals VALUES ('model', ?, 'x', ?)")
      .bind(sha256, Date.now() - 61_000)
      .run();
  }
  const { id, sha256 } = await uploadModel(back, { token, visibility: "public" });
  await finishRemovals(bindings, Date.now());
  expect(await there(modelKey(await sha256Of(gone)))).toBe(false);
  expect(await there(modelKey(sha256))).toBe(true);
  expect((await api(`checkpoints/${id}/file`)).status).toBe(200);
  expect(await removals()).toEqual([]);
});

test("one that needs a model waits for its removal, and then stores it again", async () => {
  const bytes = toyFile(73);
  const sha256 = await sha256Of(bytes);
  const token = await tokenFor(["submit"]);
  await BLOBS.put(modelKey(sha256), bytes);
  await DB.prepare("INSERT INTO removals VALUES ('model', ?, 'slow', ?)").bind(sha256, Date.now()).run();
  const id = await sendAll(bytes, { token, visibility: "public" });
  const completing = complete(id, token);
  await scheduler.wait(300);
  await BLOBS.delete(modelKey(sha256));
  await DB.prepare("DELETE FROM removals WHERE removal = 'slow'").run();
  expect((await completing).status).toBe(201);
  expect(await there(modelKey(sha256))).toBe(true);

  await DB.prepare("INSERT INTO removals VALUES ('model', ?, 'stuck', ?)")
    .bind(await sha256Of(toyFile(74)), Date.now())
    .run();
  const stuck = await sendAll(toyFile(74), { token });
  expect(await problemOf(await complete(stuck, token))).toMatchObject({
    status: 503,
    code: "removal-under-way",
  });
  await DB.prepare("DELETE FROM removals WHERE removal = 'stuck'").run();
  expect((await complete(stuck, token)).status).toBe(201);
});

/** Storage in which something else happens around one of its methods. */
function hooked(
  method: "head" | "delete",
  around: (act: () => Promise<unknown>) => Promise<unknown>,
): Bindings {
  const bucket = new Proxy(BLOBS, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      const act = (...args: unknown[]) => Reflect.apply(value, target, args) as Promise<unknown>;
      return name === method ? (...args: unknown[]) => around(() => act(...args)) : act;
    },
  });
  return { ...bindings, BLOBS: bucket };
}

/** A model with one checkpoint, and an upload of the same by someone else, of which only the completion is left. */
async function oneAndAlmostAnother(seed: number) {
  const bytes = toyFile(seed);
  const [mine, theirs] = [await tokenFor(["submit"]), await tokenFor(["submit"])];
  const { id, sha256 } = await uploadModel(bytes, { token: mine });
  const upload = await sendAll(bytes, { token: theirs });
  const checkpoint = (await findManaged(DB, id))!;
  const owner = await DB.prepare("SELECT owner FROM uploads WHERE id = ?")
    .bind(upload)
    .first<string>("owner");
  return { checkpoint, upload, owner: owner!, token: theirs, key: modelKey(sha256), length: bytes.length };
}

test("a model that was found in storage is not removed before its new checkpoint is written", async () => {
  const { checkpoint, upload, owner, token, length } = await oneAndAlmostAnother(75);
  const env = hooked("head", async (head) => {
    const found = await head();
    await removeCheckpoint(bindings, checkpoint, Date.now());
    return found;
  });
  await expect(completeUpload(env, upload, owner, Date.now())).resolves.toEqual({
    checkpoint: upload,
    added: true,
  });
  const file = await api(`checkpoints/${upload}/file`, { token });
  expect((await file.arrayBuffer()).byteLength).toBe(length);
});

test("a model that is being removed is stored again after that, not before", async () => {
  const { checkpoint, upload, owner, token, length } = await oneAndAlmostAnother(76);
  let completing: Promise<unknown> = Promise.resolve();
  const env = hooked("delete", async (remove) => {
    completing = completeUpload(bindings, upload, owner, Date.now());
    await scheduler.wait(500);
    return remove();
  });
  await removeCheckpoint(env, checkpoint, Date.now());
  await expect(completing).resolves.toEqual({ checkpoint: upload, added: true });
  const file = await api(`checkpoints/${upload}/file`, { token });
  expect((await file.arrayBuffer()).byteLength).toBe(length);
});

test("an upload that ends while its model is stored takes the model away again", async () => {
  const { checkpoint, upload, owner, key } = await oneAndAlmostAnother(77);
  const env = hooked("head", async (head) => {
    const found = await head();
    await removeCheckpoint(bindings, checkpoint, Date.now());
    await discardUpload(bindings, upload, owner, Date.now());
    return found;
  });
  await expect(completeUpload(env, upload, owner, Date.now())).rejects.toMatchObject({ status: 404 });
  expect(await there(key)).toBe(false);
  expect(await removals()).toEqual([]);
});

test("removing and uploading the same model at once never loses it", async () => {
  const bytes = toyFile(78);
  const key = modelKey(await sha256Of(bytes));
  const [mine, theirs] = [await tokenFor(["submit"]), await tokenFor(["submit"])];
  for (let round = 0; round < 6; round++) {
    const { id } = await uploadModel(bytes, { token: mine });
    const upload = await sendAll(bytes, { token: theirs });
    const [removed, completed] = await Promise.all([
      scheduler.wait(6 * round).then(() => remove(id, mine)),
      complete(upload, theirs),
    ]);
    expect([removed.status, completed.status]).toEqual([204, 201]);
    const file = await api(`checkpoints/${upload}/file`, { token: theirs });
    expect(file.status, `round ${round}`).toBe(200);
    await file.body?.cancel();
    expect((await remove(upload, theirs)).status).toBe(204);
    expect(await there(key)).toBe(false);
  }
  expect(await removals()).toEqual([]);
});
