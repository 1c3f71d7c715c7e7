/**
 * Two machines that run the same shard agree, and a forger does not agree with an honest machine. Calibrated with the
 * native runtime against WebAssembly, which round differently: other kernels, other sums.
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { readModel } from "../../shared/onnx/read.ts";
import { bytesSource } from "../../shared/onnx/source.ts";
import type { Tally } from "../../shared/evaluate/tally.ts";
import { compareBlobs, comparePayloads } from "../../shared/shards/compare-payloads.ts";
import { sentencePools } from "../../shared/probes/sentence-pool.ts";
import { evaluationOptions } from "../../shared/shards/job.ts";
import { readMeasured, writeMeasured } from "../../shared/shards/measured.ts";
import { familyMeasures } from "../../shared/shards/plan-measuring.ts";
import type { MeasureSpec } from "../../shared/shards/shard-spec.ts";
import type { Shard } from "../../shared/shards/shard.ts";
import { findSuite } from "../../shared/suites/index.ts";
import type { Runtime } from "../../shared/runtime.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { startNodeWasmRuntime } from "../../worker/local/runtimes/wasm.ts";
import { smallSuite } from "../support/small-suite.ts";
import { toyModel } from "../support/toy-models.ts";
import { toySuite } from "../support/toy-suite.ts";
import { runTwice, type Job, type Replayed, type Twice } from "./agreement-runs.ts";

let native: Runtime;
let wasm: Runtime;
beforeAll(async () => {
  native = await createNodeRuntime({ threads: 1 });
  wasm = await startNodeWasmRuntime();
});

const zooModel = (name: string) => () => {
  const bytes = readFileSync(new URL(`../../models/zoo/pcfg-mini/${name}.onnx`, import.meta.url));
  return readModel({ ...bytesSource(bytes), contents: bytes });
};

function compare({ job, prepared }: Replayed, { shard, replayed }: Twice, made: string) {
  return comparePayloads(shard, made, replayed, job.suite, job.options, prepared);
}

function expectAgreement(run: Replayed): void {
  const { suite, options } = run.job;
  for (const twice of run.shards) {
    expect(compare(run, twice, twice.made), twice.shard.id).toMatchObject({ agrees: true });
    for (const { key, made, replayed } of twice.blobs) {
      expect(compareBlobs(made, replayed, suite, options, run.prepared), key).toMatchObject({ agrees: true });
    }
  }
}

const isMeasuring = ({ spec }: Shard) => spec.kind === "measure";

/** The same payload with another tally. */
function forged(
  { job: { suite, options } }: Replayed,
  { shard, made }: Twice,
  change: (tally: Tally) => Tally,
): string {
  const spec = shard.spec as MeasureSpec;
  const measures = familyMeasures(evaluationOptions(suite, options).measures, spec.family!);
  return writeMeasured(shard.id, change(readMeasured(shard.id, spec, measures, suite.corpus, made)));
}

const scaled = (values: readonly number[], factor: number) => values.map((value) => factor * value);

/** A trace times `factor`, as whoever thinks of everything forges it: sums of squares fit. */
const times =
  (id: string, factor: number) =>
  (tally: Tally): Tally => {
    const { sum, squares } = tally.measures[id]!;
    const all = { sum: scaled(sum, factor), squares: scaled(squares, factor ** 2) };
    return { ...tally, measures: { ...tally.measures, [id]: all } };
  };

/** As much more, but as much for every example: differences between examples stay. */
const raised =
  (id: string, share: number) =>
  (tally: Tally): Tally => {
    const { sum, squares } = tally.measures[id]!;
    const each = (share * sum.reduce((total, value) => total + value, 0)) / sum.length;
    const raisedSquares = squares.map(
      (square, i) => square + (2 * each * sum[i]! + each ** 2) / tally.directions[i]!,
    );
    const all = { sum: sum.map((value) => value + each), squares: raisedSquares };
    return { ...tally, measures: { ...tally.measures, [id]: all } };
  };

/** With noise of many times the rounding to hide behind. */
const noisy =
  (id: string, factor: number, run: Replayed, { replayed, shard }: Twice) =>
  (tally: Tally): Tally => {
    const { suite, options } = run.job;
    const ids = familyMeasures(
      evaluationOptions(suite, options).measures,
      (shard.spec as MeasureSpec).family!,
    );
    const honest = readMeasured(shard.id, shard.spec as MeasureSpec, ids, suite.corpus, replayed).measures[
      id
    ]!.sum;
    const { sum, squares } = tally.measures[id]!;
    const hidden = sum.map((value, i) => factor * value + 20 * (i % 2 ? 1 : -1) * (value - honest[i]!));
    return {
      ...tally,
      measures: { ...tally.measures, [id]: { sum: hidden, squares: scaled(squares, factor ** 2) } },
    };
  };

const permuted = <T>(values: readonly T[]) => [...values.slice(1), values[0]!];

describe("a checkpoint of the zoo on pcfg-mini", () => {
  let run: Replayed;
  beforeAll(async () => {
    const known = findSuite("pcfg-mini")!;
    if (known.source.kind !== "made") throw new Error("no suite");
    const options = { seed: 1, batch: 32 };
    const job = { suite: known.source.make(), options, openModel: zooModel("adamw-d64-s1-step-6000") };
    run = await runTwice(job, native, wasm, ({ spec }) => ["prepare", "measure"].includes(spec.kind));
  }, 300_000);

  const measuring = () => run.shards.filter(({ shard }) => isMeasuring(shard));

  test("honest machines agree in every shard", () => {
    expect(measuring().length).toBeGreaterThanOrEqual(10);
    expectAgreement(run);
  });

  describe.each(["fisher-trace", "hessian-trace", "empirical-fisher-trace"])("%s", (id) => {
    test.each([
      ["5 % more", times(id, 1.05)],
      ["5 % less", times(id, 0.95)],
      ["1 % more", times(id, 1.01)],
      ["5 % of the mean for each example", raised(id, 0.05)],
    ])("%s is found in every shard", (_, change) => {
      for (const twice of measuring()) {
        const found = compare(run, twice, forged(run, twice, change));
        expect(found, twice.shard.id).toMatchObject({ agrees: false });
        expect(found.detail).toContain(id);
      }
    });

    test("so is 5 % more behind noise", () => {
      for (const twice of measuring()) {
        const made = forged(run, twice, noisy(id, 1.05, run, twice));
        expect(compare(run, twice, made), twice.shard.id).toMatchObject({ agrees: false });
      }
    });

    test("so are other examples' values, and sums whose squares do not fit", () => {
      for (const twice of measuring()) {
        const of = (change: (sums: Tally["measures"][string]) => Tally["measures"][string]) =>
          forged(run, twice, (tally) => {
            return { ...tally, measures: { ...tally.measures, [id]: change(tally.measures[id]!) } };
          });
        const others = of(({ sum, squares }) => ({ sum: permuted(sum), squares: permuted(squares) }));
        const unfit = of(({ sum, squares }) => ({ sum, squares: scaled(squares, 1.1) }));
        for (const made of [others, unfit]) {
          expect(compare(run, twice, made), twice.shard.id).toMatchObject({ agrees: false });
        }
      }
    });
  });

  test.each<[string, (tally: Tally) => Tally]>([
    ["losses", (tally) => ({ ...tally, loss: tally.loss.map((loss) => loss - 1e-3) })],
    ["one loss", (tally) => ({ ...tally, loss: tally.loss.with(3, tally.loss[3]! + 0.01) })],
    ["losses of other examples", (tally) => ({ ...tally, loss: permuted(tally.loss) })],
    ["excess losses", (tally) => ({ ...tally, excess: scaled(tally.excess!, 0.9) })],
    [
      "exact traces",
      (tally) => ({
        ...tally,
        exact: {
          ...tally.exact,
          curvature: { ...tally.exact.curvature!, sum: scaled(tally.exact.curvature!.sum, 0.99) },
        },
      }),
    ],
    ["directions", (tally) => ({ ...tally, directions: tally.directions.map((drawn) => drawn + 1) })],
  ])("forged %s are found in every shard", (_, change) => {
    for (const twice of measuring()) {
      expect(compare(run, twice, forged(run, twice, change)), twice.shard.id).toMatchObject({
        agrees: false,
      });
    }
  });

  test("a preparing shard that says otherwise is found", () => {
    const twice = run.shards.find(({ shard }) => shard.id === "prepare")!;
    type Prepared = {
      families: { step: { epsilon: number; rounding: object; quality: Record<string, object> } }[];
      summary: object;
    } & Record<string, unknown>;
    const prepared = JSON.parse(twice.made) as Prepared;
    const [family] = prepared.families;
    const step = family!.step;
    const withStep = (change: object) => ({
      ...prepared,
      families: [{ ...family, step: { ...step, ...change } }],
    });
    const forgeries = [
      withStep({ epsilon: 4 * step.epsilon }),
      withStep({ rounding: { loss: 1, logits: 1, tokenLoss: 1 } }),
      withStep({ quality: { ...step.quality, hessian: { ...step.quality["hessian"], reason: "ugly" } } }),
      withStep({ quality: { ...step.quality, fisher: { ...step.quality["fisher"], stepBias: 5 } } }),
      { ...prepared, parameters: 1 },
      { ...prepared, layers: [] },
      { ...prepared, summary: { ...prepared.summary, perturbedParameters: 1 } },
    ];
    for (const forgery of forgeries) {
      expect(compare(run, twice, JSON.stringify(forgery)), JSON.stringify(forgery)).toMatchObject({
        agrees: false,
      });
    }
  });
});

describe("all kinds of shards", () => {
  test.each<[string, () => Job]>([
    [
      "downstream tasks of a small suite",
      () => ({
        suite: smallSuite(),
        options: { seed: 1, batch: 16 },
        openModel: zooModel("adamw-d32-s1-step-12000"),
      }),
    ],
    [
      "fits one by one",
      () => ({
        suite: toySuite("mlm", { examples: 20 }),
        options: { seed: 1, batch: 8, operations: 8e6 },
        openModel: () => Promise.resolve(toyModel("mlm").graph),
      }),
    ],
    [
      "a causal model, one direction an example",
      () => ({
        suite: toySuite("clm", { examples: 100, directions: 1 }),
        options: { seed: 1, batch: 16 },
        openModel: () => Promise.resolve(toyModel("clm").graph),
      }),
    ],
    [
      "both families, weights that move as a whole",
      () => ({
        suite: toySuite("mlm", {
          examples: 40,
          measures: ["fisher-trace", "adaptive-fisher-trace", "adaptive-hessian-trace"],
        }),
        options: { seed: 1, batch: 16 },
        openModel: () => Promise.resolve(toyModel("mlm-einsum").graph),
      }),
    ],
  ])(
    "%s: honest machines agree, and forged scores are found",
    async (_, job) => {
      const run = await runTwice(job(), native, wasm);
      expectAgreement(run);
      for (const twice of run.shards) expectForgeriesFound(run, twice);
    },
    300_000,
  );
});

/** Of downstream tasks. */
function expectForgeriesFound(run: Replayed, twice: Twice): void {
  const { suite, options } = run.job;
  const { kind } = twice.shard.spec;
  const content = JSON.parse(twice.made) as Record<string, unknown>;
  const found = (change: object, what: string) =>
    expect(
      compare(run, twice, JSON.stringify({ ...content, ...change })),
      `${twice.shard.id}: ${what}`,
    ).toMatchObject({
      agrees: false,
    });
  if (kind === "compare" && "good" in content)
    found({ good: content["bad"], bad: content["good"] }, "turned round");
  if (kind === "extract") {
    const { spec } = twice.shard;
    const refusals = content["refusals"] as Record<string, string>;
    const asked = spec.kind === "extract" ? [...sentencePools(suite)[spec.pool]!.rowsOf.keys()] : [];
    const place = asked.find((task) => !(task in refusals))!;
    found({ refusals: { ...refusals, [place]: "no" } }, "a task refused");
    for (const { made, replayed } of twice.blobs) {
      const values = new Float32Array(made.slice().buffer).map((value, i) => (i % 7 ? value : 1.01 * value));
      const bytes = new Uint8Array(values.buffer);
      expect(compareBlobs(bytes, replayed, suite, options, run.prepared)).toMatchObject({ agrees: false });
      expect(compareBlobs(made.subarray(4), replayed, suite, options, run.prepared)).toMatchObject({
        agrees: false,
      });
    }
  }
  if (kind === "fit") {
    const parts = content["parts"] as { probe?: { accuracy: { value: number }; correct: string } }[];
    const [first, ...others] = parts;
    if (!first?.probe) return;
    const { probe } = first;
    const wrong = [
      { ...probe, accuracy: { ...probe.accuracy, value: Math.min(1, probe.accuracy.value + 0.02) } },
      {
        ...probe,
        accuracy: { ...probe.accuracy, value: 0.5 },
        correct: Buffer.alloc(Buffer.from(probe.correct, "base64").length).toString("base64"),
      },
    ];
    for (const each of wrong) found({ parts: [{ probe: each }, ...others] }, "another accuracy");
  }
}
