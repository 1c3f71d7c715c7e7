/** What shards do to the machine that runs them: they ask before passes, can be stopped, and leave nothing open. */
import { beforeAll, describe, expect, test } from "vitest";
import { randomSource } from "../../test/support/random.ts";
import { counting, runInShards, type ShardedRun } from "../../test/support/run-in-shards.ts";
import { toyModel } from "../../test/support/toy-models.ts";
import { toySuite } from "../../test/support/toy-suite.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { ExampleTooLongError } from "../evaluate/explain-failure.ts";
import { TaskError } from "../probes/sentences.ts";
import type { Suite } from "../suites/suite.ts";
import { runShard, type ShardContext } from "./run-shard.ts";
import type { Shard } from "./shard.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const suite = toySuite("mlm", { examples: 20 });
const options = { seed: 1, batch: 8 };
const openModel = () => Promise.resolve(toyModel("mlm").graph);
let run: ShardedRun;
beforeAll(async () => {
  run = await runInShards(suite, options, runtime, openModel, { times: 1 });
});

function contextOf(change: Partial<ShardContext>): ShardContext {
  const blobs = {
    get: (key: string) => Promise.resolve(run.blobs.get(key) ?? null),
    put: () => Promise.resolve(),
  };
  return { suite, options, runtime, openModel, payloads: run.payloads, blobs, ...change };
}

describe.each(["prepare", "measure/rank-one/0", "extract/random/0/0", "fit/0/first/0", "compare/3/0"])(
  "%s",
  (id) => {
    const shardOf = () => run.shards.find((shard) => shard.id === id)!;

    test("asks before passes, and gives the same", async () => {
      let calls = 0;
      const payload = await runShard(shardOf(), contextOf({ beforePass: () => void calls++ }));
      expect(calls).toBeGreaterThan(1);
      expect(payload).toBe(run.payloads.get(id));
    });

    test("can be stopped anywhere, and leaves no session open", async () => {
      const random = randomSource(3);
      let total = 0;
      await runShard(shardOf(), contextOf({ beforePass: () => void total++ }));
      for (let attempt = 0; attempt < 8; attempt++) {
        const { runtime: counted, open } = counting(runtime);
        let left = Math.floor(random() * total);
        const beforePass = () => {
          if (left-- === 0) throw new Error("stopped");
        };
        await expect(runShard(shardOf(), contextOf({ runtime: counted, beforePass }))).rejects.toThrow(
          "stopped",
        );
        expect(open()).toBe(0);
      }
    });
  },
);

test("fits open no model", async () => {
  const fits = run.shards.filter(({ spec }) => spec.kind === "fit");
  expect(fits.length).toBeGreaterThan(0);
  const closed = contextOf({ openModel: () => Promise.reject(new Error("opened")) });
  for (const shard of fits) expect(await runShard(shard, closed)).toBe(run.payloads.get(shard.id));
});

describe("what the model cannot do ends the evaluation, in words", () => {
  const prepare: Shard = {
    ...{ id: "prepare", stage: "preparing", operations: 1, needs: [] },
    spec: { kind: "prepare" },
  };

  test("a suite of more tokens than it knows", async () => {
    const { definition } = suite;
    const other: Suite = {
      ...suite,
      definition: { ...definition, vocabulary: { ...definition.vocabulary, size: 12 } },
    };
    const refused = runShard(prepare, contextOf({ suite: other }));
    await expect(refused).rejects.toThrow(TaskError);
    await expect(refused).rejects.toThrow("The model knows 11 tokens, but toy-mlm@1 has a vocabulary of 12");
  });

  test("examples longer than it takes", async () => {
    const long = { inputIds: [1, 2, 3, 4, 5, 6, 7], labels: [-100, 2, -100, -100, -100, -100, -100] };
    const examples = [...suite.corpus.examples.slice(1), long];
    const other: Suite = { ...suite, corpus: { ...suite.corpus, examples } };
    const refused = runShard(prepare, contextOf({ suite: other }));
    await expect(refused).rejects.toThrow(ExampleTooLongError);
    await expect(refused).rejects.toThrow("takes 6 tokens at most, but the longest example has 7");
  });
});
