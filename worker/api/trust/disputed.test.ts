import { expect, test } from "vitest";
import { bindings } from "../testing/bindings.ts";
import { deliver, newEvaluation, show } from "../testing/evaluations.ts";
import { leaveToLentWorkers, LentWorker, replaysOf, work } from "../testing/lent-worker.ts";
import { FORGED, rows, auditOf, forgetAll, truthOf, tooBigForEdge } from "../testing/trust.ts";

const { DB } = bindings;

/** An evaluation of that maker, whose measuring shard that replayer has run too, all at machines of their own. */
async function disputed(name: string, seed: number, maker: LentWorker, replayer: LentWorker) {
  await forgetAll();
  const { id, checkpoint } = await newEvaluation(name, seed, "lent");
  await work(id, [maker]);
  await tooBigForEdge(checkpoint);
  await leaveToLentWorkers(id);
  const drawn = (await replaysOf(id)).length;
  for (let i = 0; i < drawn; i++) await replayer.step();
  await deliver(id, null);
  return { id, checkpoint };
}

const cutOffs = async () =>
  (await DB.prepare("SELECT worker FROM cut_offs").all<{ worker: string }>()).results.map(
    ({ worker }) => worker,
  );

test.each(["maker", "replayer"] as const)(
  "of two who differ a third finds out who is wrong: the %s",
  async (who) => {
    const forger = await LentWorker.create(FORGED);
    const [honest, third] = [await LentWorker.create(), await LentWorker.create()];
    const pair = who === "maker" ? ([forger, honest] as const) : ([honest, forger] as const);
    const { id } = await disputed(`third-${who}`, who === "maker" ? 7 : 8, ...pair);
    expect(await rows(`third-${who}`)).toMatchObject([{ origin: "unverified" }]);
    expect(await cutOffs()).toEqual([]);
    for (const party of pair) expect(await party.claim()).toBeNull();
    const audit = await auditOf(id);
    expect(audit.replays.filter(({ agrees }) => agrees === false)).toMatchObject([
      { shard: "measure/rank-one/0", maker: pair[0].id, by: pair[1].id, state: "returned" },
    ]);
    expect(await third.step()).toBe("measure/rank-one/0");
    await deliver(id, null);
    expect(await cutOffs()).toEqual([forger.id]);
    // The word of a replayer that was cut off counts for no shard: the third one gives all of its own.
    await deliver(id, null);
    for (let i = 0; i < 3; i++) await work(id, [honest, third]);
    await deliver(id, null);
    const [row] = await rows(`third-${who}`);
    expect(row).toMatchObject({ origin: "replicated" });
    const truth = await truthOf(`third-${who}@1`, who === "maker" ? 7 : 8);
    expect(row!.measures["fisher-trace"]!.value).toBe(truth.measures["fisher-trace"]!.value);
    expect((await auditOf(id)).replays.filter(({ by, counts }) => counts && by === forger.id)).toEqual([]);
  },
);

test("an admin's word decides against a stranger's, whoever was first", async () => {
  const admin = await LentWorker.create({}, ["admin"]);
  const first = await LentWorker.create(FORGED);
  const made = await disputed("arbiter-made", 9, first, admin);
  expect(await cutOffs()).toEqual([first.id]);
  expect(await rows("arbiter-made")).toEqual([]);
  expect(await show(made.id)).toMatchObject({ state: "running" });

  const second = await LentWorker.create(FORGED);
  await disputed("arbiter-replayed", 10, admin, second);
  expect(await cutOffs()).toEqual([second.id]);
  expect(await rows("arbiter-replayed")).toMatchObject([{ origin: "unverified" }]);
});
