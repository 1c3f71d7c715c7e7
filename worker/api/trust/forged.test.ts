import { expect, test } from "vitest";
import { deliver, newEvaluation, shardsOf, show } from "../testing/evaluations.ts";
import { LentWorker, replayAtEdge, work } from "../testing/lent-worker.ts";
import { api, owner, problemOf } from "../testing/request.ts";
import { FORGED, rows, auditOf, blobs, forgetAll, resultOf, numbersOf, truthOf } from "../testing/trust.ts";

test("a worker that adds 5 % to a trace is found and cut off, and others do its shards anew", async () => {
  await forgetAll();
  const { id, checkpoint } = await newEvaluation("forged", 3, "lent");
  const [forger, honest] = [await LentWorker.create(FORGED), await LentWorker.create()];
  // The honest one prepares, the forger measures.
  await deliver(id, null);
  expect(await honest.step()).toBe("prepare");
  await deliver(id, null);
  const held = [];
  for (let next = await forger.claim(); next; next = await forger.claim()) held.push(next);
  for (const each of held) await forger.finish(each);
  await work(id, [honest]);
  const truth = await truthOf("forged@1", 3);
  const own = async () => (await rows("forged")).filter((row) => row.checkpoint === checkpoint);
  const value = truth.measures["fisher-trace"]!.value as number;
  const [shown] = await own();
  expect(shown).toMatchObject({ origin: "unverified" });
  // A part of the trace is taken without directions, and was left as it is.
  expect(shown!.measures["fisher-trace"]!.value).toBeGreaterThan(1.03 * value);

  await replayAtEdge(id);
  // Its row is gone, it is asked for nothing any more, and what others did is still there.
  expect(await own()).toEqual([]);
  expect(await show(id)).toMatchObject({ state: "running", resultSha256: null, receipt: null });
  const left = (await shardsOf(id)).map((shard) => shard.id);
  expect(left).toContain("prepare");
  expect(left.some((shard) => shard.startsWith("measure/"))).toBe(false);
  const refused = await problemOf(
    await api("work/claim", { token: forger.token, json: { device: "cpu", ort: "1", plateau: "1" } }),
  );
  expect(refused).toMatchObject({ status: 403, code: "cut-off" });
  expect(refused.detail).toContain("measure/rank-one/0");
  expect(
    await problemOf(await api(`work/${held[0]!.lease}/heartbeat`, { method: "POST", token: forger.token })),
  ).toMatchObject({ code: "lease-lost" });

  for (let round = 0; round < 3; round++) {
    await work(id, [honest]);
    for (const row of await own()) expect(row.measures["fisher-trace"]!.value).toBe(value);
    await replayAtEdge(id);
  }
  expect(await own()).toMatchObject([{ checkpoint, origin: "replicated" }]);
  expect(numbersOf(await resultOf(checkpoint, "forged@1"))).toEqual(numbersOf(truth));
  const audit = await auditOf(id);
  expect(audit.standing).toBe("replicated");
  const theirs = audit.workers.find(({ worker }) => worker === forger.id)!;
  expect(theirs).toMatchObject({ cutOff: { reason: expect.stringContaining("measure/rank-one/0") } });
  expect(theirs.shards).toBe(held.length);
  expect(theirs.redone).toBe(held.length);
  expect(audit.workers.find(({ worker }) => worker === honest.id)).toMatchObject({ cutOff: null });
  expect(audit.replays.filter(({ agrees }) => agrees === false)).toMatchObject([
    { shard: "measure/rank-one/0", maker: forger.id, by: "edge", counts: false, state: "done" },
  ]);
  expect(await blobs(id)).toBe(0);

  // Whoever runs the board may let it work again.
  const list = async () =>
    (await (await api("work/cut-off", { token: owner })).json()) as { workers: object[] };
  expect((await list()).workers).toMatchObject([{ worker: forger.id, evaluation: id, label: "test" }]);
  expect((await api(`work/cut-off/${forger.id}`, { method: "DELETE", token: forger.token })).status).toBe(
    403,
  );
  expect((await api(`work/cut-off/${forger.id}`, { method: "DELETE", token: owner })).status).toBe(204);
  expect((await api(`work/cut-off/${forger.id}`, { method: "DELETE", token: owner })).status).toBe(404);
  expect((await list()).workers).toEqual([]);
  expect(await forger.claim()).toBeNull();
});

test("who forged the preparing shard has made everything worthless, in all that is not settled", async () => {
  await forgetAll();
  const tampering = {
    payload: (text: string) =>
      text.replace(/"epsilon":([0-9.e+-]+)/g, (_, e) => `"epsilon":${Number(e) * 30}`),
  };
  const forger = await LentWorker.create(tampering);
  const [a, b] = [await newEvaluation("base-a", 4, "lent"), await newEvaluation("base-b", 5, "lent")];
  const honest = await LentWorker.create();
  for (const { id } of [a, b]) {
    await deliver(id, null);
    expect(await forger.step({ prefer: id })).toBe("prepare");
  }
  await deliver(b.id, null);
  await work(a.id, [honest]);
  await replayAtEdge(a.id);
  expect(await show(a.id)).toMatchObject({ state: "running", progress: { share: 0, shards: { total: 0 } } });
  expect([await shardsOf(a.id), await shardsOf(b.id)]).toEqual([[], []]);
  // Both begin at the beginning.
  await deliver(b.id, null);
  expect(await shardsOf(b.id)).toMatchObject([{ id: "prepare", state: "open", attempts: 0 }]);
  await work(a.id, [honest]);
  await replayAtEdge(a.id);
  expect(await rows("base-a")).toMatchObject([{ origin: "replicated" }]);
});

test("forged features are found, and the fits that read them are done anew", async () => {
  await forgetAll();
  const { id, checkpoint } = await newEvaluation("features", 6, "lent");
  const blob = (bytes: Uint8Array) =>
    new Uint8Array(Float32Array.from(new Float32Array(bytes.slice().buffer), (value) => 1.1 * value).buffer);
  const [forger, honest] = [await LentWorker.create({ blob }), await LentWorker.create()];
  await deliver(id, null);
  expect(await honest.step()).toBe("prepare");
  await deliver(id, null);
  const held = [];
  for (let next = await forger.claim(); next; next = await forger.claim()) held.push(next);
  for (const each of held) await forger.finish(each);
  await work(id, [honest]);
  await replayAtEdge(id);
  expect(await rows("features")).toEqual([]);
  expect((await shardsOf(id)).map((shard) => shard.id)).toEqual(["prepare"]);
  await work(id, [honest]);
  await replayAtEdge(id);
  expect(await rows("features")).toMatchObject([{ checkpoint, origin: "replicated" }]);
  const found = numbersOf(await resultOf(checkpoint, "features@1"));
  expect(found).toEqual(numbersOf(await truthOf("features@1", 6)));
});
