/** An evaluation cut into shards gives what the evaluation in one process gives. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { buildResult, evaluatedBy } from "../../shared/evaluate/build-result.ts";
import { evaluate } from "../../shared/evaluate/evaluate.ts";
import { resultSchema, type Result } from "../../shared/evaluate/result-schema.ts";
import type { Graph } from "../../shared/onnx/graph.ts";
import { readModel } from "../../shared/onnx/read.ts";
import { bytesSource } from "../../shared/onnx/source.ts";
import { constant } from "../../shared/onnx/weights.ts";
import { runTasks } from "../../shared/probes/run-tasks.ts";
import type { Runtime } from "../../shared/runtime.ts";
import { finish, type Provenance } from "../../shared/shards/finish.ts";
import { MAX_PAYLOAD_BYTES, type JobOptions } from "../../shared/shards/shard.ts";
import { suiteConditionals } from "../../shared/suites/conditionals.ts";
import { findSuite } from "../../shared/suites/index.ts";
import type { Suite } from "../../shared/suites/suite.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { runInShards } from "../support/run-in-shards.ts";
import { smallSuite } from "../support/small-suite.ts";
import { toyModel } from "../support/toy-models.ts";
import { toySuite, UNUSED } from "../support/toy-suite.ts";
import { thorough } from "../support/thorough.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const ZOO = new URL("../../models/zoo/pcfg-mini/", import.meta.url);
const OPTIONS: JobOptions = { seed: 1, batch: 16 };

const provenance: Provenance = {
  model: { file: "model.onnx", sha256: "0".repeat(64), bytes: 1, externalData: [] },
  card: { name: "a model" },
  corpusIdentity: { file: "suite", sha256: "1".repeat(64), bytes: 2 },
  runtime: { device: runtime.device, ort: runtime.version },
  versions: { plateau: "0.1.0", node: "24.0.0" },
  threads: 1,
  seconds: 1,
};

/** As `plateau evaluate` goes about it. */
async function inOneProcess(suite: Suite, { batch, seed }: JobOptions, model: Graph): Promise<Result> {
  const { measures, directions, id } = suite.definition;
  const conditionals = suiteConditionals(suite);
  const corpus = { ...suite.corpus, ...(conditionals && { conditionals }) };
  const options = { measures, directions, seed, batch };
  const outcome = await evaluate(model, runtime, corpus, options);
  const { subject } = outcome.evaluation;
  return buildResult({
    ...provenance,
    model: { ...provenance.model, externalData: [] },
    ...{ corpus, suite: id, options, filters: { include: [], exclude: [] } },
    evaluated: evaluatedBy(outcome),
    // Passes over sentences with as many rows as those of pairs.
    tasks: await runTasks(subject, runtime, suite, new Map(), { batch: 2 * batch }),
  });
}

const zooModel = (name: string) => () =>
  readModel({ ...bytesSource(readFileSync(new URL(name, ZOO))), contents: readFileSync(new URL(name, ZOO)) });

async function expectSame(
  suite: Suite,
  openModel: () => Promise<Graph>,
  options = OPTIONS,
): Promise<{ readonly result: Result; readonly payloads: ReadonlyMap<string, string> }> {
  const { payloads, blobs } = await runInShards(suite, options, runtime, openModel);
  const result = finish(suite, options, new Map([...payloads].reverse()), provenance);
  expect(resultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
  expect(result).toEqual(await inOneProcess(suite, options, await openModel()));
  for (const payload of payloads.values()) {
    expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
  }
  expect(blobs.size).toBeGreaterThan(0);
  return { result, payloads };
}

describe("shards in any order, each twice, give what one process gives to the last bit", () => {
  test("a masked suite whose language is known", async () => {
    const { result } = await expectSame(smallSuite(), zooModel("adamw-d32-s1-step-12000.onnx"));
    expect(result.measures["excess-loss"]!.value).toBeGreaterThan(0);
    expect(Object.values(result.probes!).every(({ accuracy }) => accuracy !== null)).toBe(true);
  });

  test("a causal suite of pairs and choices, with tasks that cannot be asked", async () => {
    const suite = toySuite("clm", { examples: 300, directions: 1 });
    const { result } = await expectSame(suite, () => Promise.resolve(toyModel("clm").graph));
    expect(result.probes!["long"]).toEqual({
      accuracy: null,
      reason: expect.stringMatching(/takes 6 at most/),
    });
    expect(result.probes!["second"]!.accuracy!.value).toBeGreaterThan(0.5);
    expect(result.zeroShot!["Unknown"]).toEqual({
      accuracy: null,
      reason: expect.stringMatching(/token 40/),
    });
    expect(result.zeroShot!["choice"]!.accuracy!.value).toBeGreaterThan(0);
    expect(result.receipt.directions).toEqual({ "rank-one": 1 });
  });

  test("both families, with weights that move as a whole", async () => {
    const suite = toySuite("mlm", {
      examples: 40,
      measures: ["fisher-trace", "adaptive-fisher-trace", "adaptive-hessian-trace"],
    });
    const { result } = await expectSame(suite, () => Promise.resolve(toyModel("mlm-einsum").graph));
    expect(result.checkpoint.sharedDirections).toHaveLength(1);
  });

  test("the loss alone, and random weights that cannot be drawn", async () => {
    const suite = toySuite("mlm", { examples: 20, measures: ["loss"] });
    const model = () => {
      const { graph, weights } = toyModel("mlm");
      const words = weights.find(({ name }) => name === "words.weight")!;
      const values = Float32Array.from(words.values);
      values[UNUSED * words.dims[1]!] = Infinity;
      graph.initializers.set(words.name, constant(words.name, words.dims, values));
      return Promise.resolve(graph);
    };
    const { result } = await expectSame(suite, model);
    expect(Object.keys(result.measures)).toEqual(["loss"]);
    const { accuracy, randomBaseline } = result.probes!["second"]! as {
      accuracy: unknown;
      randomBaseline: unknown;
    };
    expect(accuracy).not.toBeNull();
    expect(randomBaseline).toEqual({
      accuracy: null,
      reason: "the entries of parameter 'words.weight' are not all finite",
    });
  });
});

test("short shards, the fits of a task apart, give the same to the last bit", async () => {
  const options = { ...OPTIONS, operations: 8e6 };
  const suite = toySuite("mlm", { examples: 20 });
  const { payloads } = await expectSame(suite, () => Promise.resolve(toyModel("mlm").graph), options);
  const ids = [...payloads.keys()];
  for (const part of [
    "fit/0/first/2",
    "fit/0/state-1-later/0",
    "fit/0/random-later/0",
    "fit/0/words-later/0",
  ]) {
    expect(ids).toContain(part);
  }
});

test.runIf(thorough)(
  "pcfg-mini on a checkpoint of the zoo: to the last bit",
  async () => {
    const known = findSuite("pcfg-mini")!;
    if (known.source.kind !== "made") throw new Error("no suite");
    const suite = known.source.make();
    const openModel = zooModel("adamw-d32-s1-step-12000.onnx");
    const options = { seed: 1, batch: 32 };
    const { payloads, shards } = await runInShards(suite, options, runtime as Runtime, openModel, {
      times: 1,
    });
    expect(finish(suite, options, payloads, provenance)).toEqual(
      await inOneProcess(suite, options, await openModel()),
    );
    const largest = Math.max(...[...payloads.values()].map((payload) => Buffer.byteLength(payload)));
    expect(largest).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
    expect(shards.length).toBeLessThan(40);
  },
  300_000,
);
