import { expect, test } from "vitest";
import { bindings } from "../testing/bindings.ts";
import { deliver, newEvaluation, runToEnd, shardsOf, show } from "../testing/evaluations.ts";
import { leaveToLentWorkers, LentWorker, replayAtEdge, replaysOf, work } from "../testing/lent-worker.ts";
import { api, problemOf } from "../testing/request.ts";
import { rows, auditOf, blobs, forgetAll, resultOf, numbersOf, truthOf } from "../testing/trust.ts";
import { VERSION } from "../version.ts";

const { DB } = bindings;

test("an honest evaluation is unverified until the edge has found the same, and then replicated", async () => {
  await forgetAll();
  const { id, checkpoint } = await newEvaluation("honest", 1, "lent");
  const workers = [await LentWorker.create(), await LentWorker.create()];
  const did = await work(id, workers);
  const finished = await show(id);
  expect(finished).toMatchObject({ state: "finished", device: "lent", progress: { share: 1 } });
  expect(finished.receipt).toMatchObject({ device: "cpu", threads: null });
  expect(finished.receipt!.versions).toMatchObject({ onnxruntime: "1.30.0", plateau: VERSION });
  expect(await rows("honest")).toMatchObject([{ checkpoint, origin: "unverified" }]);
  const shards = [...did.values()].flat().sort();
  expect(shards).toEqual((await shardsOf(id)).map((shard) => shard.id));
  expect(await blobs(id)).toBeGreaterThan(0);
  const drawn = await replaysOf(id);
  expect(drawn.map(({ shard }) => shard).sort()).toEqual(shards);
  expect(drawn.every(({ place, state }) => place === "edge" && state === "open")).toBe(true);

  // Nobody may check themselves, nor is anybody asked while the edge can.
  for (const worker of workers) expect(await worker.claim()).toBeNull();
  await replayAtEdge(id);
  expect(await rows("honest")).toMatchObject([{ checkpoint, origin: "replicated" }]);
  expect([await shardsOf(id), await blobs(id)]).toEqual([[], 0]);
  const audit = await auditOf(id);
  expect(audit).toMatchObject({ evaluation: id, device: "lent", standing: "replicated" });
  expect(audit.replays).toHaveLength(shards.length);
  for (const replay of audit.replays)
    expect(replay).toMatchObject({ state: "done", by: "edge", label: null, agrees: true, counts: true });
  for (const worker of workers) {
    const own = audit.workers.find((each) => each.worker === worker.id);
    expect(own).toMatchObject({ label: "test", device: "cpu", redone: 0, cutOff: null });
    expect(own!.shards).toBe(did.get(worker.id)!.length);
  }
  // The same as on one machine.
  const truth = await truthOf("honest@1", 1);
  expect(numbersOf(await resultOf(checkpoint, "honest@1"))).toEqual(numbersOf(truth));
  expect(await runToEnd(id)).toMatchObject({ state: "finished", attempt: 1 });
});

test("where the edge cannot, another worker runs shards again, never the one that made them", async () => {
  await forgetAll();
  const { id, checkpoint } = await newEvaluation("others", 2, "lent");
  const [maker, other] = [await LentWorker.create(), await LentWorker.create()];
  await work(id, [maker]);
  await leaveToLentWorkers(id);
  expect(await maker.claim()).toBeNull();
  const drawn = (await replaysOf(id)).length;
  // It looks like any other shard, and comes back like any other.
  const lost = (await other.claim())!;
  await DB.prepare("UPDATE replays SET lease_expires = 0 WHERE lease = ?").bind(lost.lease).run();
  const late = await api(`work/${lost.lease}/heartbeat`, { method: "POST", token: other.token });
  expect(await problemOf(late)).toMatchObject({ status: 409, code: "lease-lost" });
  for (let i = 0; i < drawn; i++) {
    expect(await rows("others")).toMatchObject([{ origin: "unverified" }]);
    expect(await other.step()).not.toBeNull();
    await deliver(id, null);
  }
  expect(await other.claim()).toBeNull();
  expect(await rows("others")).toMatchObject([{ checkpoint, origin: "replicated" }]);
  const { replays } = await auditOf(id);
  expect(
    replays.every(({ by, agrees, label }) => by === other.id && agrees === true && label === "test"),
  ).toBe(true);
  expect(await blobs(id)).toBe(0);
});

test("an edge that fails at a replay again and again leaves it to lent workers", async () => {
  await forgetAll();
  const { id } = await newEvaluation("failing-edge", 14, "lent");
  await work(id, [await LentWorker.create()]);
  const [first] = await replaysOf(id);
  const BLOBS = new Proxy(bindings.BLOBS, {
    get: (bucket, method: "get" | "put") =>
      method === "get"
        ? () => Promise.reject(new Error("storage is out of order"))
        : (bucket[method] as (...all: never[]) => unknown).bind(bucket),
  });
  for (let i = 0; i < 3; i++) {
    expect((await replaysOf(id))[0]).toMatchObject({ place: "edge", state: "open" });
    await deliver(id, first!.shard, { ...bindings, BLOBS }, first!.id).catch(() => undefined);
  }
  expect((await replaysOf(id))[0]).toMatchObject({ place: "lent", state: "open" });
  const other = await LentWorker.create();
  expect(await other.step()).toBe(first!.shard);
  await replayAtEdge(id);
  expect(await rows("failing-edge")).toMatchObject([{ origin: "replicated" }]);
});

test("there is no audit of an evaluation that does not exist", async () => {
  expect(await problemOf(await api(`evaluations/${"a".repeat(16)}/audit`))).toMatchObject({
    code: "no-such-evaluation",
  });
});
