import { expect, test } from "vitest";
import { boardPageSchema } from "../../../shared/api/boards.ts";
import { checkpointSchema, replacedResultsSchema } from "../../../shared/api/checkpoints.ts";
import type { Evaluation } from "../../../shared/api/evaluations.ts";
import { resultSchema, type Result } from "../../../shared/evaluate/result-schema.ts";
import { randomSource } from "../../../test/support/random.ts";
import { bindings } from "../testing/bindings.ts";
import {
  deliver,
  newEvaluation,
  openShards,
  publish,
  runToEnd,
  shardsOf,
  show,
  start,
  toyCheckpoint,
} from "../testing/evaluations.ts";
import { api, owner, tokenFor } from "../testing/request.ts";
import { suiteText } from "../testing/small-suite.ts";
import { claimShard } from "./leases.ts";

async function resultOf({ checkpoint, suite }: Evaluation): Promise<Result> {
  return resultSchema.parse(await (await api(`checkpoints/${checkpoint}/results/${suite}`)).json());
}

/** All that does not say when it ran. */
function numbersOf({ measures, probes, zeroShot, perExample, receipt }: Result): object {
  return { measures, probes, zeroShot, perExample, epsilon: receipt.epsilon };
}

const blobs = async () =>
  (await bindings.BLOBS.list({ prefix: "evaluations/" })).objects.map(({ key }) => key);
const retry = (id: string) => api(`evaluations/${id}/retry`, { method: "POST", token: owner });

/** Storage of which the calls that the test picks fail. */
function failing(picks: (method: string, key: string) => boolean): typeof bindings {
  const bucket = bindings.BLOBS;
  const BLOBS = new Proxy(bucket, {
    get(_, method: "get" | "put") {
      return (key: string, ...rest: never[]) => {
        if (picks(method, key)) return Promise.reject(new Error("storage is out of order"));
        return (bucket[method] as (key: string, ...rest: never[]) => unknown).call(bucket, key, ...rest);
      };
    },
  });
  return { ...bindings, BLOBS };
}

/** All shards are done, but their result could not be stored. */
async function runUntilFinishing(id: string): Promise<void> {
  const broken = failing((method, key) => method === "put" && key.startsWith("results/"));
  await deliver(id, null);
  let failures = 0;
  for (;;) {
    const [next] = await openShards(id);
    if (next === undefined) break;
    await deliver(id, next, broken).catch(() => failures++);
  }
  expect(failures).toBe(1);
}

test("messages in any order, twice, at once, lost or of machines that vanish: the same result", async () => {
  await publish(suiteText("orders@1"));
  const calm = await runToEnd((await start(await toyCheckpoint(1), "orders")).id);
  expect(calm).toMatchObject({ state: "finished", reason: null, progress: { share: 1 } });
  expect(calm.receipt).toMatchObject({ device: "workerd", threads: 1, batch: 32, seed: 1 });

  // The same model, of someone else.
  const token = await tokenFor(["submit"]);
  const { id } = await start(await toyCheckpoint(1, token), "orders", token);
  const random = randomSource(7);
  await Promise.all([deliver(id, null), deliver(id, null)]);
  for (;;) {
    const open = (await openShards(id)).sort(() => random() - 0.5);
    if (open.length === 0) break;
    // Someone claims one and is never heard of again.
    const lost = { evaluation: id, shard: open[0]! };
    expect(await claimShard(bindings.DB, lost, "workerd", Date.now())).not.toBeNull();
    await Promise.all([...open, ...open, "nonsense"].map((shard) => deliver(id, shard)));
    // As after a while.
    await bindings.DB.prepare("UPDATE shards SET lease_expires = 0 WHERE evaluation = ? AND state = 'leased'")
      .bind(id)
      .run();
    await Promise.all([deliver(id, lost.shard), deliver(id, null), deliver(id, lost.shard)]);
    await Promise.all([deliver(id, null), deliver(id, null)]);
  }
  const stormy = await show(id);
  expect(stormy).toMatchObject({ state: "finished", reason: null, attempt: 1 });
  expect(stormy.checkpoint).not.toBe(calm.checkpoint);
  expect(numbersOf(await resultOf(stormy))).toEqual(numbersOf(await resultOf(calm)));
  expect(stormy.progress.shards).toEqual(calm.progress.shards);
  expect([await shardsOf(id), await blobs()]).toEqual([[], []]);
});

test("a finished evaluation is the checkpoint's row, and a newer one takes its place", async () => {
  const first = await runToEnd((await newEvaluation("rows", 2)).id);
  const row = async () => boardPageSchema.parse(await (await api("boards/rows")).json()).rows;
  const [shown] = await row();
  const result = await resultOf(first);
  expect(shown).toMatchObject({
    checkpoint: first.checkpoint,
    name: "toy 2",
    origin: "edge",
    owner: "owner",
  });
  expect(shown!.measures["loss"]!.value).toBe(result.measures["loss"]!.value);
  expect(result.checkpoint).toMatchObject({
    file: "toy 2.onnx",
    card: { name: "toy 2" },
    sha256: shown!.sha256,
  });
  expect(result.receipt.seconds).toBe(first.shardSeconds);

  const renamed = { card: { name: "renamed", family: "toys" } };
  await api(`checkpoints/${first.checkpoint}`, { method: "PATCH", token: owner, json: renamed });
  const second = await runToEnd((await start(first.checkpoint, "rows")).id);
  expect(second).toMatchObject({ state: "finished" });
  expect(second.resultSha256).not.toBe(first.resultSha256);
  expect(await row()).toMatchObject([{ checkpoint: first.checkpoint, name: "renamed", family: "toys" }]);
  const checkpoint = checkpointSchema.parse(await (await api(`checkpoints/${first.checkpoint}`)).json());
  expect(checkpoint.results).toMatchObject([{ suite: "rows@1", resultSha256: second.resultSha256 }]);
  const results = (await bindings.BLOBS.list({ prefix: "results/" })).objects.map(({ key }) => key);
  expect(results).toContain(`results/${second.resultSha256}.json`);
  // The first one is history, and so is its result.
  expect(await show(first.id)).toEqual(first);
  const path = `checkpoints/${first.checkpoint}/results/rows`;
  const replaced = replacedResultsSchema.parse(await (await api(`${path}/replaced`)).json());
  expect(replaced.results).toMatchObject([{ resultSha256: first.resultSha256, origin: "edge" }]);
  expect(await (await api(`${path}?sha256=${first.resultSha256}`)).json()).toEqual(result);
});

test("some that finish at the same moment leave one row and one result", async () => {
  const { id, checkpoint } = await newEvaluation("finishers", 3);
  await runUntilFinishing(id);
  await Promise.all([deliver(id, null), deliver(id, null), deliver(id, "prepare")]);
  const end = await show(id);
  expect(end).toMatchObject({ state: "finished", progress: { share: 1 } });
  expect(boardPageSchema.parse(await (await api("boards/finishers")).json()).rows).toMatchObject([
    { checkpoint },
  ]);
  expect((await resultOf(end)).receipt).toEqual(end.receipt);
  expect(await blobs()).toEqual([]);
});

test("what the model cannot do ends the evaluation at once, in words, and again when it is retried", async () => {
  const file = JSON.parse(suiteText("words@1")) as { definition: { vocabulary: { size: number } } };
  file.definition.vocabulary.size = 64;
  await publish(JSON.stringify(file));
  const { id } = await start(await toyCheckpoint(4), "words");
  for (const attempt of [1, 2]) {
    const failed = await runToEnd(id);
    expect(failed).toMatchObject({ state: "failed", stage: "preparing", attempt });
    expect(failed.reason).toMatch(/64/);
    expect(await shardsOf(id)).toMatchObject([{ state: "failed", attempts: 1, payload: null }]);
    expect((await retry(id)).status).toBe(202);
  }
});

test("storage that fails three times ends the evaluation, which can then be retried", async () => {
  const { id } = await newEvaluation("storage", 5);
  await deliver(id, null);
  const broken = failing((method, key) => method === "get" && key.startsWith("models/"));
  expect(await deliver(id, "prepare", broken)).toBe("retry");
  expect(await deliver(id, "prepare", broken)).toBe("retry");
  expect(await deliver(id, "prepare", broken)).toBe("done");
  const failed = await show(id);
  expect(failed).toMatchObject({ state: "failed", stage: "preparing" });
  expect(failed.reason).toMatch(/incident [0-9a-f]{8}/);
  expect(failed.reason).not.toContain("out of order");
  expect((await retry(id)).status).toBe(202);
  expect(await runToEnd(id)).toMatchObject({ state: "finished", attempt: 2, reason: null });
});

test("storage that fails while an evaluation finishes leaves it to be finished later", async () => {
  const { id } = await newEvaluation("later", 6);
  await runUntilFinishing(id);
  expect(await show(id)).toMatchObject({ state: "running", progress: { shards: { done: 6, total: 6 } } });
  // The message of a shard that is done comes again.
  await deliver(id, "prepare");
  expect(await show(id)).toMatchObject({ state: "finished" });
});

test("payloads that cannot be read end the evaluation, and a retry begins afresh", async () => {
  const { id } = await newEvaluation("payloads", 7);
  await deliver(id, null);
  await deliver(id, "prepare");
  await bindings.DB.prepare("UPDATE shards SET payload = '{}' WHERE evaluation = ? AND id = 'prepare'")
    .bind(id)
    .run();
  const failed = await runToEnd(id);
  expect(failed).toMatchObject({ state: "failed", stage: "measuring" });
  expect(failed.reason).toContain("prepare");
  expect(failed.progress).toEqual({ share: 0, shards: { done: 0, total: 0 } });
  expect((await retry(id)).status).toBe(202);
  expect(await runToEnd(id)).toMatchObject({ state: "finished", attempt: 2 });
});

test("with its checkpoint a running evaluation goes, whatever is under way", async () => {
  const { id, checkpoint } = await newEvaluation("deleted", 8);
  await deliver(id, null);
  await deliver(id, "prepare");
  const open = await openShards(id);
  const [, deleted] = await Promise.all([
    deliver(id, open[0]!),
    api(`checkpoints/${checkpoint}`, { method: "DELETE", token: owner }),
  ]);
  expect(deleted.status).toBe(204);
  for (const shard of open) expect(await deliver(id, shard)).toBe("done");
  expect((await api(`evaluations/${id}`)).status).toBe(404);
  expect(await shardsOf(id)).toEqual([]);
  expect(boardPageSchema.parse(await (await api("boards/deleted")).json()).rows).toEqual([]);
});
