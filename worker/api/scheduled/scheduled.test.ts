import { createScheduledController } from "cloudflare:test";
import { expect, test } from "vitest";
import type { ShardMessage } from "../evaluations/messages.ts";
import { claimShard, completeShard, LEASE, MOST_ATTEMPTS } from "../evaluations/leases.ts";
import { PATIENCE } from "../evaluations/stale.ts";
import worker from "../index.ts";
import { bindings } from "../testing/bindings.ts";
import {
  addOpaqueShards,
  deliver,
  newEvaluation,
  openShards,
  shardsOf,
  show,
} from "../testing/evaluations.ts";
import { api, owner } from "../testing/request.ts";
import { BOOT, handleScheduled } from "./handle.ts";
import { KEPT } from "./sweep-leftovers.ts";

const { DB, BLOBS } = bindings;
const claim = (evaluation: string, shard: string, now: number, device = "workerd") =>
  claimShard(DB, { evaluation, shard }, device, now);

/** What is sent, which goes to the queue as well. */
function listening() {
  const sent: ShardMessage[] = [];
  const SHARDS = {
    sendBatch(messages: Iterable<MessageSendRequest<ShardMessage>>) {
      const list = [...messages];
      sent.push(...list.map(({ body }) => body));
      return bindings.SHARDS.sendBatch(list);
    },
  } as typeof bindings.SHARDS;
  return { sent, env: { ...bindings, SHARDS } };
}

/** Who is woken at that time. */
async function woken(now: number, cron = "* * * * *"): Promise<string[]> {
  const { sent, env } = listening();
  await handleScheduled(env, cron, now);
  expect(sent.every(({ shard }) => shard === null)).toBe(true);
  return sent.map(({ evaluation }) => evaluation).sort();
}

/** No evaluation of another test is under way. */
const forgetAll = () => DB.exec("DELETE FROM evaluations");

test("evaluations that stand still are woken, less and less often; those under way are left alone", async () => {
  await forgetAll();
  const waiting = await newEvaluation("waiting", 1);
  const { id } = await newEvaluation("running", 2);
  await addOpaqueShards(id, ["a", "b"]);
  const now = Date.now();
  await claim(id, "a", now);
  await claim(id, "b", now);
  expect(await woken(now)).toEqual([]);
  // The lease of the one that runs has not expired.
  expect(await woken(now + PATIENCE)).toEqual([waiting.id]);
  expect(await woken(now + PATIENCE + 1)).toEqual([]);
  expect(await woken(now + 2 * PATIENCE - 1)).toEqual([]);
  expect(await woken(now + 3 * PATIENCE)).toEqual([waiting.id, id].sort());
});

test("shards whose lease expired, or whose message was lost, are handed out again", async () => {
  await forgetAll();
  const { id } = await newEvaluation("again", 3);
  await deliver(id, null);
  const now = Date.now();
  expect((await claim(id, "prepare", now))?.attempt).toBe(1);
  expect(await woken(now + LEASE - 1)).toEqual([]);
  expect(await woken(now + LEASE)).toEqual([id]);
  expect(await openShards(id)).toEqual(["prepare"]);

  const { sent, env } = listening();
  await deliver(id, null, env);
  expect(sent).toEqual([{ evaluation: id, shard: "prepare" }]);
  // Once is enough for a while.
  await deliver(id, null, env);
  expect(sent).toHaveLength(1);
});

test("an evaluation whose machines vanish again and again fails", async () => {
  await forgetAll();
  const { id } = await newEvaluation("vanishing", 4);
  await deliver(id, null);
  let now = Date.now();
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
    expect((await claim(id, "prepare", now))?.attempt).toBe(attempt);
    now += LEASE;
    await woken(now);
  }
  expect(await show(id)).toMatchObject({ state: "failed", stage: "preparing" });
  expect(await woken(now + 100 * PATIENCE)).toEqual([]);
});

test("an evaluation that nobody went on with after its last shard is woken", async () => {
  await forgetAll();
  const { id } = await newEvaluation("forgotten", 5);
  await addOpaqueShards(id, ["a"]);
  const now = Date.now();
  await completeShard(DB, (await claim(id, "a", now))!, "x", now);
  expect(await woken(now)).toEqual([]);
  expect(await woken(now + PATIENCE)).toEqual([id]);
});

test("after a start everything goes on at once, and an interruption is not held against a shard", async () => {
  await forgetAll();
  const fresh = await newEvaluation("fresh", 6);
  const { id } = await newEvaluation("interrupted", 7);
  await addOpaqueShards(id, ["a", "b", "c"]);
  const now = Date.now();
  await claim(id, "a", now);
  // Not of this machine: it goes on.
  await claim(id, "b", now, "cpu");
  expect(await woken(now, BOOT)).toEqual([fresh.id, id].sort());
  expect(await shardsOf(id)).toMatchObject([
    { id: "a", state: "open", attempts: 0 },
    { id: "b", state: "leased", attempts: 1 },
    { id: "c", state: "open", attempts: 0 },
  ]);
  const { sent, env } = listening();
  await deliver(id, null, env);
  expect(sent.map(({ shard }) => shard).sort()).toEqual(["a", "c"]);
  // But one that is interrupted whenever it runs may be what stops the board.
  for (let start = 0; start < 30; start++) {
    await claim(id, "a", now);
    await woken(now, BOOT);
  }
  expect((await shardsOf(id))[0]!.attempts).toBeGreaterThan(MOST_ATTEMPTS);
});

test("what evaluations leave behind is thrown away, and nothing else", async () => {
  await forgetAll();
  const running = await newEvaluation("blobs", 8);
  const failed = await newEvaluation("failed", 9);
  for (const { id } of [running, failed]) await addOpaqueShards(id, ["a"]);
  const now = Date.now();
  for (let attempt = 0; attempt <= MOST_ATTEMPTS; attempt++)
    await claim(failed.id, "a", now + attempt * LEASE);
  expect((await show(failed.id)).state).toBe("failed");
  const none = "z".repeat(16);
  for (const id of [running.id, failed.id, none]) {
    for (const key of ["features/1", "features/2"]) await BLOBS.put(`evaluations/${id}/${key}`, "x");
  }
  const left = async () => {
    const { objects } = await BLOBS.list({ prefix: "evaluations/" });
    return [...new Set(objects.map(({ key }) => key.split("/")[1]))].sort();
  };
  await handleScheduled(bindings, "", now);
  expect(await left()).toEqual([failed.id, running.id].sort());
  await handleScheduled(bindings, "", now + KEPT + MOST_ATTEMPTS * LEASE);
  expect(await left()).toEqual([running.id]);
  expect(await shardsOf(failed.id)).toEqual([]);
  // It can be tried again, from the beginning.
  const retried = await api(`evaluations/${failed.id}/retry`, { method: "POST", token: owner });
  expect(await retried.json()).toMatchObject({
    state: "queued",
    progress: { share: 0, shards: { total: 0 } },
  });
});

test("the Worker does it when it is told to, and one thing that fails does not keep the others from being done", async () => {
  await forgetAll();
  const { id } = await newEvaluation("told", 10);
  await DB.prepare("UPDATE evaluations SET sent_at = 0").run();
  await worker.scheduled(createScheduledController({ cron: "* * * * *" }), bindings);
  const resent = await DB.prepare("SELECT resent FROM evaluations WHERE id = ?").bind(id).first("resent");
  expect(resent).toBe(1);

  await BLOBS.put(`evaluations/${"y".repeat(16)}/x`, "x");
  const SHARDS = {
    sendBatch: () => Promise.reject(new Error("no queue")),
  } as unknown as typeof bindings.SHARDS;
  await DB.prepare("UPDATE evaluations SET sent_at = 0").run();
  await expect(handleScheduled({ ...bindings, SHARDS }, "", Date.now())).rejects.toThrow("Not all");
  expect((await BLOBS.list({ prefix: "evaluations/" })).objects).toEqual([]);
});
