/** Specifications and payloads of strangers: what does not belong is refused with words, before anything runs. */
import { beforeAll, describe, expect, test } from "vitest";
import { runInShards, type ShardedRun } from "../../test/support/run-in-shards.ts";
import { toyModel } from "../../test/support/toy-models.ts";
import { toySuite } from "../../test/support/toy-suite.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { encodeDoubles } from "../evaluate/float-list.ts";
import { assertPayload } from "./check-payload.ts";
import { assertShard, ShardError } from "./check-shard.ts";
import { finish } from "./finish.ts";
import { PayloadError } from "./payload.ts";
import { nextShards } from "./plan.ts";
import { runShard } from "./run-shard.ts";
import { jobOptionsSchema, type Shard } from "./shard.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const suite = toySuite("mlm", { examples: 20 });
const options = { seed: 1, batch: 8, operations: 8e6 };
let run: ShardedRun;
beforeAll(async () => {
  run = await runInShards(suite, options, runtime, () => Promise.resolve(toyModel("mlm").graph), {
    times: 1,
  });
});

type Payload = Readonly<Record<string, unknown>>;

const shardAt = (id: string) => run.shards.find((shard) => shard.id === id)!;
/** The payload of a shard with something changed. */
const altered = (id: string, change: (payload: Payload) => unknown) =>
  JSON.stringify(change(JSON.parse(run.payloads.get(id)!) as Payload));

describe("shards", () => {
  const measure = { kind: "measure", family: "rank-one", first: 0, count: 1 };
  const shard = (spec: unknown, change = {}) => ({
    ...{ id: "measure/rank-one/0", stage: "measuring", operations: 1, needs: ["prepare"], spec },
    ...change,
  });
  test.each<readonly [string, unknown, string | RegExp]>([
    ["nothing", null, "This is no shard: "],
    ["an id in capitals", shard(measure, { id: "Measure" }), "id: expected up to 120 lower-case letters"],
    ["an id that is too long", shard(measure, { id: "a".repeat(121) }), "id: expected up to 120"],
    ["another stage", shard(measure, { stage: "dancing" }), "stage: "],
    ["operations that are no number", shard(measure, { operations: NaN }), "operations: "],
    ["another kind", shard({ kind: "destroy" }), "spec"],
    ["a field too many", shard({ ...measure, more: 1 }), "more"],
    ["no examples", shard({ ...measure, count: 0 }), "spec.count: "],
    ["half an example", shard({ ...measure, first: 0.5 }), "spec.first: "],
    ["examples before the first", shard({ ...measure, first: -1 }), "spec.first: "],
    [
      "examples beyond the last",
      shard({ ...measure, first: 19, count: 2 }),
      "examples 19 to 20, but there are 20",
    ],
    ["another family", shard({ ...measure, family: "dense" }), "spec.family: "],
    ["another pool", shard({ kind: "extract", source: "model", pool: 2, first: 0, count: 1 }), "no pool 2"],
    [
      "sentences beyond",
      shard({ kind: "extract", source: "model", pool: 0, first: 0, count: 9999 }),
      "sentences 0",
    ],
    ["a probe compared", shard({ kind: "compare", task: 0, first: 0, count: 1 }), "task 0 compares nothing"],
    [
      "pairs beyond",
      shard({ kind: "compare", task: 3, first: 20, count: 1 }),
      "pairs 20 to 20, but there are 20",
    ],
    ["pairs fitted", shard({ kind: "fit", task: 3, parts: [part({})] }), "task 3 is no probe"],
    ["a task beyond", shard({ kind: "fit", task: 99, parts: [part({})] }), "task 99 is no probe"],
    ["no parts", shard({ kind: "fit", task: 0, parts: [] }), "spec.parts: "],
    ["no fits", shard({ kind: "fit", task: 0, parts: [part({ fits: [] })] }), "spec.parts.0.fits: "],
    [
      "a penalty of zero",
      shard({ kind: "fit", task: 0, parts: [part({ fits: [{ kind: "main", penalties: [0] }] })] }),
      "penalties",
    ],
    [
      "features of nowhere",
      shard({ kind: "fit", task: 0, parts: [part({ features: { source: "disk" } })] }),
      "features",
    ],
  ])("%s", async (_, hostile, message) => {
    expect(() => assertShard(hostile, suite)).toThrow(ShardError);
    expect(() => assertShard(hostile, suite)).toThrow(message);
    const context = {
      ...{ suite, options, runtime, payloads: run.payloads },
      openModel: () => Promise.reject(new Error("opened")),
      blobs: {
        get: () => Promise.reject(new Error("read")),
        put: () => Promise.reject(new Error("written")),
      },
    };
    await expect(runShard(hostile as Shard, context)).rejects.toThrow(ShardError);
  });

  function part(change: object) {
    return { features: { source: "one-hot" }, extent: "scores", fits: null, ...change };
  }
});

test.each<readonly [string, object]>([
  ["no batch", { seed: 1 }],
  ["a batch of none", { seed: 1, batch: 0 }],
  ["a seed that is no whole number", { seed: 1.5, batch: 8 }],
  ["no measures", { seed: 1, batch: 8, measures: [] }],
  ["too many directions", { seed: 1, batch: 8, directions: 5000 }],
  ["a negative ε", { seed: 1, batch: 8, epsilon: { "rank-one": -1 } }],
  ["ε of another family", { seed: 1, batch: 8, epsilon: { dense: 1 } }],
  ["no operations", { seed: 1, batch: 8, operations: 0 }],
])("options with %s are refused", (_, hostile) => {
  expect(jobOptionsSchema.safeParse(hostile).success).toBe(false);
});

describe("payloads", () => {
  test("those that shards give are let through", () => {
    for (const shard of run.shards) {
      expect(() => assertPayload(shard, run.payloads.get(shard.id)!, suite, options)).not.toThrow();
    }
    expect(run.shards.length).toBeGreaterThan(20);
  });

  type Change = (payload: Payload) => unknown;
  const loss =
    (values: readonly number[]): Change =>
    (payload) => ({ ...payload, loss: encodeDoubles(values) });
  test.each<readonly [string, string, Change, string]>([
    ["prepare", "nothing", () => ({}), "families: "],
    ["prepare", "no family", (payload) => ({ ...payload, families: [] }), "families: "],
    [
      "prepare",
      "another family",
      ({ families, ...payload }) => ({
        ...payload,
        families: [{ ...(families as object[])[0], family: "scaled" }],
      }),
      "its families are scaled, expected rank-one",
    ],
    [
      "prepare",
      "an ε of zero",
      ({ families, ...payload }) => {
        const [first] = families as [{ step: object }];
        return { ...payload, families: [{ ...first, step: { ...first.step, epsilon: 0 } }] };
      },
      "families.0.step.epsilon: ",
    ],
    ["prepare", "half a parameter", (payload) => ({ ...payload, parameters: 0.5 }), "parameters: "],
    ["prepare", "layers without end", (payload) => ({ ...payload, layers: Array(2000).fill(0) }), "layers: "],
    ["measure/rank-one/0", "another number of losses", loss([1]), "1 losses, expected 20"],
    [
      "measure/rank-one/0",
      "a loss that is none",
      loss(Array<number>(20).fill(NaN)),
      "loss: expected finite numbers",
    ],
    ["measure/rank-one/0", "no measures", (payload) => ({ ...payload, measures: {} }), "it measures nothing"],
    [
      "measure/rank-one/0",
      "other measures",
      (payload) => ({ ...payload, measures: { ...(payload["measures"] as object), beauty: null } }),
      "it measures",
    ],
    [
      "measure/rank-one/0",
      "directions of some",
      (payload) => ({ ...payload, directions: [2] }),
      "1 counts of directions",
    ],
    [
      "measure/rank-one/0",
      "negative directions",
      (payload) => ({ ...payload, directions: -1 }),
      "directions: ",
    ],
    [
      "extract/model/0/0",
      "a task from elsewhere",
      () => ({ refusals: { 7: "no" } }),
      "task 7 has no sentences there",
    ],
    ["extract/model/0/0", "a novel", () => ({ refusals: { 0: "x".repeat(2000) } }), "refusals.0: "],
    ["compare/3/0", "other scores", () => ({ choices: encodeDoubles([1]) }), "it is not about minimal-pairs"],
    [
      "compare/3/0",
      "scores of too few",
      () => ({ good: encodeDoubles([1]), bad: encodeDoubles([1]) }),
      "1 good sentences, expected 20",
    ],
    ["compare/4/0", "choices of too few", () => ({ choices: encodeDoubles([1]) }), "1 choices, expected 30"],
    ["fit/0/first/0", "no parts", () => ({ parts: [] }), "0 parts, expected 2"],
    [
      "fit/0/first/2",
      "other fits",
      ({ parts }) => ({ parts: [{ ...(parts as object[])[0], fits: [] }] }),
      "of nothing",
    ],
    [
      "fit/0/first/2",
      "a whole probe",
      () => ({ parts: [probe({})] }),
      "puts together what was to be left apart",
    ],
    [
      "fit/0/first/0",
      "an accuracy of two",
      () => ({ parts: twice(probe({ accuracy: { ...score, value: 2 } })) }),
      "parts.0",
    ],
    [
      "fit/0/first/0",
      "too few answers",
      () => ({ parts: twice(probe({ correct: "AA==" })) }),
      "1 bits, in bytes, expected 15",
    ],
    [
      "fit/0/first/0",
      "fits left apart",
      () => ({ parts: twice({ fits: [] }) }),
      "leaves apart what was to be put together",
    ],
  ])("%s: %s", (id, _, change, message) => {
    const payload = altered(id, change);
    const check = () => assertPayload(shardAt(id), payload, suite, options);
    expect(check).toThrow(PayloadError);
    expect(check).toThrow(message);
    // Whoever reads it does not trust it either.
    const payloads = new Map(run.payloads).set(id, payload);
    expect(() => finish(suite, options, payloads, provenance)).toThrow(PayloadError);
  });

  const twice = (part: object) => [part, part];
  const score = { value: 0.5, standardError: 0.1, trainingError: null };
  function probe(change: object) {
    return {
      probe: {
        ...{ accuracy: score, macroF1: score, codelength: null, selectivity: null },
        ...{ l2: 1, edge: null, unconverged: [], correct: "A".repeat(20) },
        candidates: [
          {
            ...{ l2: 1, validationAccuracy: 0.5, validationLoss: 1, converged: true },
            ...{ gradientNorm: 0, iterations: 1 },
          },
        ],
        ...change,
      },
    };
  }
});

test("an evaluation that is not done cannot be finished", () => {
  const payloads = new Map(run.payloads);
  payloads.delete("compare/3/0");
  expect(nextShards(suite, options, payloads).map(({ id }) => id)).toEqual(["compare/3/0"]);
  expect(() => finish(suite, options, payloads, provenance)).toThrow(
    "1 shards are not done yet, such as compare/3/0.",
  );
  expect(() => finish(suite, options, new Map(), provenance)).toThrow(PayloadError);
});

test("features that are lost, or are none, are not guessed", async () => {
  const fit = shardAt("fit/0/first/0");
  const blobs = (bytes: Uint8Array | null) => ({
    get: () => Promise.resolve(bytes),
    put: () => Promise.reject(new Error("written")),
  });
  const context = {
    ...{ suite, options, runtime, payloads: run.payloads },
    openModel: () => Promise.reject(new Error("opened")),
  };
  await expect(runShard(fit, { ...context, blobs: blobs(null) })).rejects.toThrow(
    /no features features\/model/,
  );
  await expect(runShard(fit, { ...context, blobs: blobs(new Uint8Array(3)) })).rejects.toThrow(
    "holds 3 bytes",
  );
  await expect(runShard(fit, { ...context, blobs: blobs(new Uint8Array(8)) })).rejects.toThrow("2 numbers");
});

const provenance = {
  model: { file: "model.onnx", sha256: "0".repeat(64), bytes: 1 },
  card: null,
  corpusIdentity: { file: "suite", sha256: "1".repeat(64), bytes: 2 },
  runtime: { device: "cpu", ort: "1.30.0" },
  versions: { plateau: "0.1.0", node: "24.0.0" },
  threads: 1,
  seconds: 1,
};
