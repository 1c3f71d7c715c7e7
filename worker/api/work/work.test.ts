import { expect, test } from "vitest";
import { heartbeat, sendFailure } from "../../../shared/api/client/work.ts";
import { claimAnswerSchema, leaseSchema, type Work } from "../../../shared/api/work.ts";
import { LEASE, MOST_ATTEMPTS } from "../evaluations/leases.ts";
import { bindings } from "../testing/bindings.ts";
import {
  addOpaqueShards,
  deliver,
  newEvaluation,
  openShards,
  shardsOf,
  show,
} from "../testing/evaluations.ts";
import { LentWorker, work as workTogether } from "../testing/lent-worker.ts";
import { toyFile } from "../testing/models.ts";
import { api, owner, problemOf, tokenFor, type RequestOptions } from "../testing/request.ts";
import { sha256Of } from "../testing/upload.ts";
import { VERSION } from "../version.ts";

const { DB } = bindings;
const MINE = { device: "cpu", ort: "1.30.0", plateau: VERSION };

/** No evaluation of another test is under way. */
const forgetAll = () => DB.exec("DELETE FROM evaluations");

/** A lent evaluation whose preparing shard is open. */
async function lent(name: string, seed: number): Promise<string> {
  const { id } = await newEvaluation(name, seed, "lent");
  await deliver(id, null);
  expect(await openShards(id)).toEqual(["prepare"]);
  return id;
}

/** As after a while in which nobody renewed anything. */
const expire = (evaluation: string) =>
  DB.prepare("UPDATE shards SET lease_expires = 0 WHERE evaluation = ? AND state = 'leased'")
    .bind(evaluation)
    .run();

const send = (lease: string, payload: unknown, token: string) =>
  api(`work/${lease}/result`, { token, json: { payload, seconds: 1 } });

/** Every request that a lease is for. */
function requests(lease: string): [path: string, options: RequestOptions][] {
  const key = encodeURIComponent("features/model/0/0/0");
  return [
    [`work/${lease}/heartbeat`, { method: "POST" }],
    [`work/${lease}/result`, { json: { payload: "{}", seconds: 1 } }],
    [`work/${lease}/failure`, { json: { reason: "No.", final: false } }],
    [`work/${lease}/model`, {}],
    [`work/${lease}/suite`, {}],
    [`work/${lease}/blobs/${key}`, {}],
    [`work/${lease}/blobs/${key}`, { method: "PUT", body: "xxxx" }],
  ];
}

async function expectLost(lease: string, token: string): Promise<void> {
  for (const [path, options] of requests(lease)) {
    const refused = await problemOf(await api(path, { ...options, token }));
    expect(refused, path).toMatchObject({ status: 409, code: "lease-lost" });
  }
}

test("a claim gives a shard with all that running it takes, and no time of day", async () => {
  await forgetAll();
  const id = await lent("claimed", 1);
  const { checkpoint } = await show(id);
  const answer = await api("work/claim", { token: await tokenFor(["work"]), json: MINE });
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
  const text = await answer.text();
  expect(text).not.toMatch(/\d{4}-\d\d-\d\d/);
  const { work, secondsToWait } = claimAnswerSchema.parse(JSON.parse(text));
  expect(secondsToWait).toBe(0);
  const bytes = toyFile(1);
  expect(work).toMatchObject({
    ...{ evaluation: id, leaseSeconds: LEASE / 1000, checkpoint: { id: checkpoint, name: "toy 1" } },
    shard: { id: "prepare", spec: { kind: "prepare" } },
    options: { seed: 1, batch: 32, operations: 1e12 },
    suite: { id: "claimed@1" },
    model: { sha256: await sha256Of(bytes), bytes: bytes.byteLength },
    payloads: {},
    progress: { share: 0, shards: { done: 0, total: 1 } },
  });
  expect(await show(id)).toMatchObject({ state: "running", stage: "preparing", device: "lent" });
});

test("workers at once get different shards; the compute worker gets none of them, and they none of its", async () => {
  await forgetAll();
  const edge = await newEvaluation("edges", 2);
  await addOpaqueShards(edge.id, ["mine"]);
  const { id } = await newEvaluation("shared", 3, "lent");
  const shards = ["a", "b", "c", "d", "e"];
  await addOpaqueShards(id, shards);
  await deliver(id, "a");
  await deliver(id, null);
  expect(await openShards(id)).toEqual(shards);
  const workers = await Promise.all(Array.from({ length: 8 }, () => LentWorker.create()));
  const claims = await Promise.all(workers.map((worker) => worker.claim()));
  const got = claims.filter((work): work is Work => work !== null);
  expect(got.map(({ shard }) => shard.id).sort()).toEqual(shards);
  expect(new Set(got.map(({ lease }) => lease)).size).toBe(5);
  expect(await openShards(edge.id)).toEqual(["mine"]);
});

test("the preferred evaluation comes before older ones, and models that are too large for a worker are left", async () => {
  await forgetAll();
  const older = await newEvaluation("older", 4, "lent");
  const newer = await newEvaluation("newer", 5, "lent");
  await DB.prepare("UPDATE evaluations SET created_at = created_at - 1000 WHERE id = ?").bind(older.id).run();
  for (const { id } of [older, newer]) await addOpaqueShards(id, ["a", "b"]);
  const worker = await LentWorker.create();
  expect(await worker.claim({ prefer: newer.id })).toMatchObject({ evaluation: newer.id });
  expect(await worker.claim()).toMatchObject({ evaluation: older.id });
  expect(await worker.claim({ prefer: "a".repeat(16) })).toMatchObject({ evaluation: older.id });
  expect(await worker.claim({ largestModel: 10 })).toBeNull();
  expect(await worker.claim({ largestModel: 10_000_000 })).toMatchObject({ evaluation: newer.id });
  expect(await worker.claim()).toBeNull();
});

test("only workers may claim, and only what is a claim", async () => {
  const claim = (json: unknown, token?: string) => api("work/claim", { json, ...(token && { token }) });
  expect((await problemOf(await claim(MINE))).status).toBe(401);
  const refused = await problemOf(await claim(MINE, await tokenFor(["submit", "evaluate"])));
  expect(refused).toMatchObject({ status: 403, code: "scope-missing" });
  const token = await tokenFor(["work"]);
  for (const json of [
    {},
    { ...MINE, device: "toaster" },
    { ...MINE, ort: "x".repeat(100) },
    { ...MINE, largestModel: -1 },
    { ...MINE, prefer: "../x" },
    { ...MINE, clock: "2026-11-23" },
    [],
  ]) {
    expect((await problemOf(await claim(json, token))).status).toBe(422);
  }
  const old = await problemOf(await claim({ ...MINE, plateau: "0.0.1" }, token));
  expect(old).toMatchObject({ status: 409, code: "other-version", detail: expect.stringContaining(VERSION) });
  expect((await api("work/claim", { token, json: { ...MINE, more: "x".repeat(20_000) } })).status).toBe(413);
});

test("a lease is its holder's alone, and for as long as it is renewed", async () => {
  await forgetAll();
  const id = await lent("held", 6);
  const [holder, other] = [await LentWorker.create(), await LentWorker.create()];
  const { lease } = (await holder.claim())!;
  await expectLost(lease, other.token);
  await expectLost(leaseSchema.parse("0".repeat(32)), holder.token);
  for (const wrong of ["x", "A".repeat(32), "..%2F..%2Ftokens"]) {
    expect((await api(`work/${wrong}/model`, { token: holder.token })).status).toBe(400);
  }
  const expiry = () =>
    DB.prepare("SELECT lease_expires FROM shards WHERE lease = ?").bind(lease).first<number>("lease_expires");
  await DB.prepare("UPDATE shards SET lease_expires = lease_expires - 60000 WHERE lease = ?")
    .bind(lease)
    .run();
  const before = (await expiry())!;
  expect(await heartbeat(holder.connection, lease)).toBe(LEASE / 1000);
  expect((await expiry())! - before).toBeGreaterThanOrEqual(60_000);

  // Paused for too long.
  await expire(id);
  await expectLost(lease, holder.token);
  const again = (await other.claim())!;
  expect(again.shard.id).toBe("prepare");
  await expectLost(lease, holder.token);
  await other.finish(again);
  await expectLost(again.lease, other.token);
  expect(await shardsOf(id)).toMatchObject([{ id: "prepare", state: "done", attempts: 2 }]);
});

test("payloads that are none of the shard's are refused, and the shard stays with its worker", async () => {
  await forgetAll();
  const id = await lent("payloads", 7);
  const worker = await LentWorker.create();
  const prepare = (await worker.claim())!;
  const good = await worker.run(prepare);
  const broken = (change: (payload: { families: { step: { epsilon: number } | null }[] }) => void) => {
    const payload = JSON.parse(good) as Parameters<typeof change>[0];
    change(payload);
    return JSON.stringify(payload);
  };
  const wrong = [
    ...["{}", "no JSON", "[]", "null", good.slice(1), `${good}x`],
    broken(({ families }) => families.pop()),
    broken(({ families }) => (families[0]!.step = { epsilon: 1 })),
    good.replace(/"epsilon":[^,}]+/g, '"epsilon":1e999'),
    JSON.stringify({ ...(JSON.parse(good) as object), more: 1 }),
  ];
  for (const payload of wrong) {
    const refused = await problemOf(await send(prepare.lease, payload, worker.token));
    expect(refused, payload.slice(0, 80)).toMatchObject({ status: 422, code: "wrong-payload" });
  }
  const long = await problemOf(await send(prepare.lease, `"${"ä".repeat(40_000)}"`, worker.token));
  expect(long).toMatchObject({ status: 413 });
  expect((await send(prepare.lease, "x".repeat(200_000), worker.token)).status).toBe(413);
  for (const json of [{ payload: good }, { payload: good, seconds: -1 }, { payload: 1, seconds: 1 }, []]) {
    const answer = await api(`work/${prepare.lease}/result`, { token: worker.token, json });
    expect(answer.status).toBe(422);
  }
  expect(await shardsOf(id)).toMatchObject([{ state: "leased", payload: null }]);
  expect((await send(prepare.lease, good, worker.token)).status).toBe(200);
  expect(await problemOf(await send(prepare.lease, good, worker.token))).toMatchObject({ status: 409 });
  expect(await shardsOf(id)).toMatchObject([{ state: "done", payload: good }]);

  // Numbers that are none, of a shard that measures.
  await deliver(id, null);
  let measure = await worker.claim();
  while (measure && measure.shard.spec.kind !== "measure") measure = await worker.claim();
  const payload = JSON.parse(await worker.run(measure!)) as { loss: string };
  const doubles = new Uint8Array(new Float64Array([NaN, 1]).buffer);
  const forged = JSON.stringify({ ...payload, loss: btoa(String.fromCharCode(...doubles)) });
  const refused = await problemOf(await send(measure!.lease, forged, worker.token));
  expect(refused).toMatchObject({ code: "wrong-payload", detail: expect.stringContaining("finite") });
});

test("a token that is revoked in the middle of a shard can do nothing more, and the shard comes back", async () => {
  await forgetAll();
  const id = await lent("revoked", 8);
  const worker = await LentWorker.create();
  const work = (await worker.claim())!;
  const payload = await worker.run(work);
  expect((await api(`tokens/${worker.id}`, { method: "DELETE", token: owner })).status).toBe(200);
  for (const [path, options] of requests(work.lease)) {
    expect(await problemOf(await api(path, { ...options, token: worker.token }))).toMatchObject({
      code: "token-revoked",
    });
  }
  expect((await send(work.lease, payload, worker.token)).status).toBe(401);
  await expire(id);
  expect(await (await LentWorker.create()).claim()).toMatchObject({
    evaluation: id,
    shard: { id: "prepare" },
  });
});

test("a failure gives the shard back; a stranger's last word is one of several, an admin's is not", async () => {
  await forgetAll();
  const id = await lent("failing", 9);
  const [a, b] = [await LentWorker.create(), await LentWorker.create()];
  const fail = async (worker: LentWorker, final: boolean) =>
    sendFailure(worker.connection, (await worker.claim())!.lease, { reason: "It broke.", final });
  expect(await fail(a, true)).toBe("open");
  expect(await shardsOf(id)).toMatchObject([{ state: "open", error: "It broke." }]);
  // Whoever has failed is asked last.
  await addOpaqueShards(id, ["z"]);
  const other = (await a.claim())!;
  expect(other.shard.id).toBe("z");
  expect(await fail(b, true)).toBe("open");
  expect(await fail(a, false)).toBe("failed");
  expect(MOST_ATTEMPTS).toBe(3);
  expect(await show(id)).toMatchObject({ state: "failed", stage: "preparing", reason: "It broke." });
  // With the evaluation the other shard is lost.
  await expectLost(other.lease, a.token);
  for (const json of [
    { reason: "", final: true },
    { reason: "x".repeat(2001), final: true },
    { final: true },
  ]) {
    expect((await api(`work/${"0".repeat(32)}/failure`, { token: a.token, json })).status).toBe(422);
  }

  const second = await lent("failing-admin", 10);
  expect(await fail(await LentWorker.create({}, ["admin"]), true)).toBe("failed");
  expect(await show(second)).toMatchObject({ state: "failed" });
});

test("workers that vanish are survived for longer, since they come and go", async () => {
  await forgetAll();
  const id = await lent("vanishing", 11);
  for (let i = 0; i < 5; i++) {
    expect(await (await LentWorker.create()).claim()).not.toBeNull();
    await expire(id);
  }
  expect(await (await LentWorker.create()).step()).toBe("prepare");
});

test("the model and the suite can be had while the lease holds, in parts too", async () => {
  await forgetAll();
  const id = await lent("files", 12);
  const worker = await LentWorker.create();
  const { lease, model, suite } = (await worker.claim())!;
  const get = (path: string, headers = {}) => api(`work/${lease}/${path}`, { token: worker.token, headers });
  const whole = await get("model");
  expect(Object.fromEntries(whole.headers)).toMatchObject({
    ...{
      etag: `"${model.sha256}"`,
      "content-length": String(model.bytes),
      "x-content-type-options": "nosniff",
    },
    "content-disposition": expect.stringContaining("attachment"),
    "cache-control": "private, no-store",
  });
  const bytes = new Uint8Array(await whole.arrayBuffer());
  expect(bytes).toEqual(toyFile(12));
  const part = await get("model", { Range: `bytes=${model.bytes - 7}-` });
  expect(part.status).toBe(206);
  expect(new Uint8Array(await part.arrayBuffer())).toEqual(bytes.subarray(-7));
  expect((await get("model", { Range: `bytes=${model.bytes}-` })).status).toBe(416);
  expect((await get("model", { "If-None-Match": `"${model.sha256}"` })).status).toBe(304);
  const file = new Uint8Array(await (await get("suite")).arrayBuffer());
  expect([await sha256Of(file), file.byteLength]).toEqual([suite.sha256, suite.bytes]);
  // Private otherwise: the lease is what opens it.
  const { checkpoint } = await show(id);
  expect((await api(`checkpoints/${checkpoint}/file`, { token: worker.token })).status).toBe(404);
  await expire(id);
  for (const path of ["model", "suite"]) expect((await problemOf(await get(path))).code).toBe("lease-lost");
});

test("features are left by the shards that extract them, under their keys, once; fits alone read them", async () => {
  await forgetAll();
  const id = await lent("features", 13);
  const worker = await LentWorker.create();
  await worker.step();
  await deliver(id, null);
  const held: Work[] = [];
  for (let next = await worker.claim(); next; next = await worker.claim()) held.push(next);
  const of = (shard: string) => held.find((each) => each.shard.id === shard)!;
  const [model, random] = [of("extract/model/0/0"), of("extract/random/0/0")];
  const measure = held.find(({ shard }) => shard.spec.kind === "measure")!;
  const put = async ({ lease }: Work, key: string, body: BodyInit = new Uint8Array(9 * 8 * 4)) =>
    api(`work/${lease}/blobs/${encodeURIComponent(key)}`, { method: "PUT", token: worker.token, body });
  const { spec } = model.shard;
  const bytes = spec.kind === "extract" ? 4 * 8 * spec.count : 0;
  const values = new Uint8Array(bytes).fill(1);
  for (const key of [
    ...["../x", "features/../../x", "features/model/0/0", "features/model/00/0/0", "features/model/0/0/0/0"],
    ...["models/x", "/features/model/0/0/0", "features/model/0/0/-1", "features/Model/0/0/0", "%2e%2e/x"],
  ]) {
    expect((await put(model, key, values)).status, key).toBe(400);
  }
  for (const [shard, key] of [
    [model, "features/random/0/0/0"],
    [model, "features/model/1/0/0"],
    [model, "features/model/0/1/0"],
    [model, "features/model/0/0/9999"],
    [random, "features/model/0/0/0"],
    [measure, "features/model/0/0/0"],
  ] as const) {
    expect(await problemOf(await put(shard, key, values)), key).toMatchObject({ code: "not-your-blob" });
  }
  const key = "features/model/0/0/0";
  expect(await problemOf(await put(model, key, values.subarray(4)))).toMatchObject({ code: "wrong-size" });
  expect((await put(model, key, new Uint8Array(bytes + 4))).status).toBe(413);
  expect((await put(model, key, values)).status).toBe(200);
  expect((await put(model, key, new Uint8Array(bytes))).status).toBe(200);
  const stored = await bindings.BLOBS.get(`evaluations/${id}/${model.lease}/${key}`);
  expect(new Uint8Array(await stored!.arrayBuffer())).toEqual(values);
  for (const { lease } of [model, measure]) {
    const read = await api(`work/${lease}/blobs/${encodeURIComponent(key)}`, { token: worker.token });
    expect(await problemOf(read)).toMatchObject({ status: 403, code: "not-your-blob" });
  }
  // Not all that fits wait for is there.
  const early = await problemOf(await send(model.lease, '{"refusals":{}}', worker.token));
  expect(early).toMatchObject({
    code: "wrong-payload",
    detail: expect.stringContaining("features/model/0/0/1"),
  });

  // What a worker that was too slow had left is nobody's.
  await expire(id);
  await workTogether(id, [await LentWorker.create()]);
  expect(await show(id)).toMatchObject({ state: "finished" });
});

test("with the evaluation its leases end", async () => {
  await forgetAll();
  const id = await lent("ends", 14);
  const worker = await LentWorker.create();
  const { lease } = (await worker.claim())!;
  const { checkpoint } = await show(id);
  expect((await api(`checkpoints/${checkpoint}`, { method: "DELETE", token: owner })).status).toBe(204);
  await expectLost(lease, worker.token);
  expect(await worker.claim()).toBeNull();
});
