import { expect, test } from "vitest";
import { bindings } from "../testing/bindings.ts";
import { addOpaqueShards, newEvaluation, shardsOf, show } from "../testing/evaluations.ts";
import { api, owner, problemOf } from "../testing/request.ts";
import { claimShard, completeShard, failShard, LEASE, MOST_ATTEMPTS, renewLease } from "./leases.ts";

const { DB } = bindings;
const NOW = 1_800_000_000_000;
const claim = (evaluation: string, shard: string, now = NOW) =>
  claimShard(DB, { evaluation, shard }, "workerd", now);
const stateOf = async (evaluation: string, shard: string) =>
  (await shardsOf(evaluation)).find(({ id }) => id === shard)!;

async function twoShards(name: string, seed: number): Promise<string> {
  const { id } = await newEvaluation(name, seed);
  await addOpaqueShards(id, ["a", "b"]);
  return id;
}

test("a shard is one's who claims it, until it is done", async () => {
  const id = await twoShards("claims", 1);
  const first = (await claim(id, "a"))!;
  expect(first).toMatchObject({
    ...{ evaluation: id, attempt: 1, suite: { id: "claims@1" }, options: { seed: 1, batch: 32 } },
    shard: { id: "a", spec: { kind: "measure" } },
  });
  expect(await claim(id, "a")).toBeNull();
  expect(await claim(id, "c")).toBeNull();
  expect(await claim("a".repeat(16), "a")).toBeNull();
  expect(await show(id)).toMatchObject({
    ...{ state: "running", stage: "measuring", startedAt: new Date(NOW).toISOString() },
    progress: { share: 0, shards: { done: 0, total: 2 } },
  });

  expect(await completeShard(DB, first, "payload", NOW + 2500)).toEqual({ accepted: true, left: 1 });
  expect(await stateOf(id, "a")).toMatchObject({ state: "done", payload: "payload", attempts: 1 });
  expect(await claim(id, "a")).toBeNull();
  const half = await show(id);
  expect(half).toMatchObject({ progress: { shards: { done: 1, total: 2 } }, shardSeconds: 2.5 });
  expect(half.progress.share).toBeGreaterThan(0);

  const second = (await claim(id, "b"))!;
  expect(await completeShard(DB, second, "other", NOW)).toEqual({ accepted: true, left: 0 });
});

test("a lease expires unless it is renewed, and what comes in after that changes nothing", async () => {
  const id = await twoShards("expires", 2);
  const slow = (await claim(id, "a"))!;
  expect(await renewLease(DB, slow, NOW + LEASE - 1)).toBe(true);
  expect(await claim(id, "a", NOW + LEASE + 1)).toBeNull();
  const quick = (await claim(id, "a", NOW + 2 * LEASE))!;
  expect(quick.attempt).toBe(2);
  expect(await renewLease(DB, slow, NOW + 2 * LEASE)).toBe(false);
  expect(await completeShard(DB, slow, "late", NOW + 2 * LEASE)).toEqual({ accepted: false, left: 2 });
  expect(await failShard(DB, slow, { reason: "late", final: true }, NOW + 2 * LEASE)).toBe("lost");
  expect(await stateOf(id, "a")).toMatchObject({ state: "leased", payload: null });
  expect(await completeShard(DB, quick, "in time", NOW + 2 * LEASE)).toEqual({ accepted: true, left: 1 });
  expect(await completeShard(DB, quick, "twice", NOW + 2 * LEASE)).toEqual({ accepted: false, left: 1 });
  expect(await completeShard(DB, slow, "late", NOW + 2 * LEASE)).toEqual({ accepted: false, left: 1 });
  expect(await stateOf(id, "a")).toMatchObject({ state: "done", payload: "in time" });
  expect((await show(id)).progress.shards.done).toBe(1);
});

test("of many who claim at once one gets it", async () => {
  const id = await twoShards("rush", 3);
  const claims = await Promise.all(Array.from({ length: 10 }, () => claim(id, "a")));
  expect(claims.filter((each) => each !== null)).toHaveLength(1);
  expect(await stateOf(id, "a")).toMatchObject({ attempts: 1 });
});

test("three failures of a shard end the evaluation, with stage and reason; the others stop", async () => {
  const id = await twoShards("thrice", 4);
  const other = (await claim(id, "b"))!;
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
    const held = (await claim(id, "a"))!;
    expect(held.attempt).toBe(attempt);
    const failure = { reason: `The storage failed (${attempt}).`, final: false };
    expect(await failShard(DB, held, failure, NOW)).toBe(attempt < MOST_ATTEMPTS ? "open" : "failed");
  }
  expect(await show(id)).toMatchObject({
    ...{ state: "failed", stage: "measuring", reason: "The storage failed (3)." },
    endedAt: new Date(NOW).toISOString(),
  });
  expect(await claim(id, "a")).toBeNull();
  expect(await renewLease(DB, other, NOW)).toBe(false);
  // What was computed all the same is kept for a retry.
  expect(await completeShard(DB, other, "done", NOW)).toEqual({ accepted: true, left: 1 });
});

test("whatever vanishes three times with a shard ends the evaluation too", async () => {
  const id = await twoShards("vanished", 5);
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    expect(await claim(id, "a", NOW + attempt * LEASE)).toMatchObject({ attempt: attempt + 1 });
  }
  expect(await claim(id, "a", NOW + MOST_ATTEMPTS * LEASE)).toBeNull();
  expect(await show(id)).toMatchObject({
    ...{ state: "failed", stage: "measuring", reason: expect.stringContaining("vanished") },
  });
});

test("a failure that will be the same again ends the evaluation at once; a retry goes on from there", async () => {
  const id = await twoShards("retried", 6);
  const retry = () => api(`evaluations/${id}/retry`, { method: "POST", token: owner });
  expect(await problemOf(await retry())).toMatchObject({ status: 409, code: "not-failed" });
  const done = (await claim(id, "b"))!;
  await completeShard(DB, done, "kept", NOW);
  const held = (await claim(id, "a"))!;
  expect(await failShard(DB, held, { reason: "No such operator.", final: true }, NOW)).toBe("failed");
  expect(await show(id)).toMatchObject({ state: "failed", attempt: 1, reason: "No such operator." });

  const retried = await retry();
  expect(retried.status).toBe(202);
  expect(await retried.json()).toMatchObject({
    id,
    state: "queued",
    attempt: 2,
    reason: null,
    endedAt: null,
  });
  expect(await problemOf(await retry())).toMatchObject({ code: "not-failed" });
  expect(await shardsOf(id)).toMatchObject([
    { id: "a", state: "open", attempts: 0 },
    { id: "b", state: "done", payload: "kept" },
  ]);
  const again = (await claim(id, "a"))!;
  expect(again.attempt).toBe(1);
  expect(await completeShard(DB, again, "at last", NOW)).toEqual({ accepted: true, left: 0 });
});

test("what failed is not tried again while another evaluation of the same is under way", async () => {
  const id = await twoShards("other", 7);
  const { checkpoint, suite } = await show(id);
  await failShard(DB, (await claim(id, "a"))!, { reason: "No.", final: true }, NOW);
  const other = await api("evaluations", { token: owner, json: { checkpoint, suite } });
  expect(other.status).toBe(202);
  const { id: otherId } = await other.json<{ id: string }>();
  expect(otherId).not.toBe(id);
  const refused = await problemOf(await api(`evaluations/${id}/retry`, { method: "POST", token: owner }));
  expect(refused).toMatchObject({
    status: 409,
    code: "already-running",
    detail: expect.stringContaining(otherId),
  });
  expect(await show(id)).toMatchObject({ state: "failed" });
});

test("planning the same wave twice adds it once, and the share that is done never falls", async () => {
  const { id } = await newEvaluation("waves", 8);
  const shares: number[] = [];
  const note = async () => shares.push((await show(id)).progress.share);
  for (const wave of [["prepare"], ["a", "b", "c"], ["d", "e"], ["f"]]) {
    await Promise.all([addOpaqueShards(id, wave), addOpaqueShards(id, wave)]);
    await note();
    for (const shard of wave) {
      await completeShard(DB, (await claim(id, shard))!, "x", NOW);
      // Late planners change nothing.
      if (shard !== wave.at(-1)) await addOpaqueShards(id, wave);
      await note();
    }
  }
  expect((await show(id)).progress.shards).toEqual({ done: 7, total: 7 });
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.at(-1)).toBeLessThan(1);
  expect(shares.at(-1)).toBeGreaterThan(0.8);
});
