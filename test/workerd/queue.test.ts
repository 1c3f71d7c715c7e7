import { bindings, evaluation, migrate, upload } from "./board.ts";
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { beforeAll, expect, test } from "vitest";
import { formatSuite } from "../../shared/suites/suite-file.ts";
import { addShards } from "../../worker/api/evaluations/advance.ts";
import { claimShard, completeShard } from "../../worker/api/evaluations/leases.ts";
import { publishSuite } from "../../worker/api/suites/publish.ts";
import { zooModel } from "../../worker/api/testing/models.ts";
import { DEAD_LETTERS, handleQueue } from "../../worker/edge/shards/queue.ts";
import { smallSuite } from "../support/small-suite.ts";

const { DB } = bindings;

beforeAll(async () => {
  await migrate();
  await publishSuite(bindings, formatSuite(smallSuite()), Date.now());
});

let checkpoint: string;
let count = 0;

/** An evaluation of which the queue knows nothing. */
async function unsent(shards: readonly string[]): Promise<string> {
  checkpoint ??= await upload(await zooModel("adamw-d32-s1-step-9000"), "one");
  const id = `queue${"a".repeat(10)}${"abcdefg"[count++]}`;
  await DB.batch([
    DB.prepare("UPDATE evaluations SET state = 'failed' WHERE state IN ('queued', 'running')"),
    DB.prepare(
      "INSERT INTO evaluations (id, checkpoint, suite, owner, device, state, options, created_at, sent_at) " +
        `VALUES (?, ?, 'small@1', 'owner', 'edge', 'queued', '{"seed":1,"batch":32}', 0, 0)`,
    ).bind(id, checkpoint),
  ]);
  const spec = { kind: "measure", family: null, first: 0, count: 1 } as const;
  const opaque = shards.map((shard) => {
    return { id: shard, stage: "measuring", operations: 1, needs: [], spec } as const;
  });
  if (opaque.length > 0) await addShards(DB, id, opaque, Date.now());
  return id;
}

async function deliver(queue: string, body: unknown, env = bindings) {
  const batch = createMessageBatch(queue, [{ id: "1", timestamp: new Date(), attempts: 1, body }]);
  await handleQueue(batch, env);
  return getQueueResult(batch, createExecutionContext());
}

test.each([null, "text", {}, { evaluation: "../x", shard: "a" }, { evaluation: "a".repeat(16) }])(
  "a message of %j is thrown away",
  async (body) => {
    expect(await deliver("plateau-shards", body)).toMatchObject({ explicitAcks: ["1"] });
  },
);

test("a message for nothing is done with", async () => {
  for (const about of [{ shard: null }, { shard: "prepare" }, { shard: "prepare", replay: 7 }]) {
    const done = await deliver("plateau-shards", { evaluation: "a".repeat(16), ...about });
    expect(done).toMatchObject({ explicitAcks: ["1"], retryMessages: [] });
  }
});

const failing = () => {
  throw new Error("no database");
};

test("a message comes again after a while where storage fails", async () => {
  const broken = { ...bindings, DB: { prepare: failing } as never };
  const again = await deliver("plateau-shards", { evaluation: "a".repeat(16), shard: "prepare" }, broken);
  expect(again).toMatchObject({ explicitAcks: [], retryMessages: [{ msgId: "1" }] });
});

test("a dead letter ends the evaluation of a shard that nobody has, and of no other", async () => {
  const id = await unsent(["a", "b", "c"]);
  const claim = (shard: string) => claimShard(DB, { evaluation: id, shard }, "workerd", Date.now());
  await claim("a");
  await completeShard(DB, (await claim("b"))!, "x", Date.now());
  for (const shard of ["a", "b", null]) {
    expect(await deliver(DEAD_LETTERS, { evaluation: id, shard })).toMatchObject({ explicitAcks: ["1"] });
    expect((await evaluation(id)).state).toBe("running");
  }
  await deliver(DEAD_LETTERS, { evaluation: id, shard: "c" });
  expect(await evaluation(id)).toMatchObject({
    ...{ state: "failed", stage: "measuring", reason: expect.stringContaining("storage") },
  });
});

test("a dead letter ends an evaluation that could not be begun, or finished", async () => {
  const first = await unsent([]);
  await deliver(DEAD_LETTERS, { evaluation: first, shard: null });
  expect(await evaluation(first)).toMatchObject({ state: "failed", stage: "preparing" });
  const last = await unsent(["a"]);
  await completeShard(
    DB,
    (await claimShard(DB, { evaluation: last, shard: "a" }, "workerd", Date.now()))!,
    "x",
    Date.now(),
  );
  await deliver(DEAD_LETTERS, { evaluation: last, shard: null });
  expect(await evaluation(last)).toMatchObject({ state: "failed", stage: "finishing" });
});
