/** How the suites that there are would be cut for models of all sizes: by arithmetic, nothing runs. */
import { describe, expect, test } from "vitest";
import { randomSource } from "../../test/support/random.ts";
import { readSuite } from "../../worker/local/suite-source.ts";
import type { FitResult, FitSpec } from "../probes/fit-probe-spec.ts";
import type { Suite } from "../suites/suite.ts";
import type { ProbeTask } from "../suites/task.ts";
import { assertShard } from "./check-shard.ts";
import { writeFitted } from "./fit-payloads.ts";
import { writeMeasured } from "./measured.ts";
import { knownShards, nextShards } from "./plan.ts";
import { writePrepared } from "./prepared.ts";
import { shardSchema, type Shard } from "./shard.ts";
import { writeCompared } from "./task-payloads.ts";

const OPTIONS = { seed: 1, batch: 8 };
const random = randomSource(1);

function prepared(parameters: number, layers: number): string {
  const quality = { roundingError: 0.1, stepBias: NaN, stepBiasError: Infinity, reason: null };
  return writePrepared({
    plan: [
      {
        family: "rank-one",
        check: { atRest: 1e-6, moved: 1e-5, change: 0.5, epsilon: 0.125 },
        step: {
          epsilon: 2 ** -10,
          rounding: { loss: 1e-7, logits: 1e-9, tokenLoss: 1e-12 },
          quality: { hessian: quality, fisher: quality, empirical: quality },
        },
      },
    ],
    shapes: new Map([["rank-one", { rows: 2, unitSize: 1, exactKinds: 2 }]]),
    summary: {
      ...{ parameters, perturbedParameters: parameters, exactParameters: 0 },
      ...{ unperturbed: [], sharedDirections: [] },
    },
    facts: { parameters, layers: [null, ...Array.from({ length: layers }, (_, layer) => layer)] },
  });
}

/** What a shard might give, with numbers that take as much room as any. Throws where that is more than a payload. */
function largestPayload({ id, spec }: Shard, suite: Suite): string {
  const list = (count: number) => Array.from({ length: count }, random);
  switch (spec.kind) {
    case "prepare":
      throw new Error("prepared already");
    case "measure": {
      const sums = () => ({ sum: list(spec.count), squares: list(spec.count) });
      return writeMeasured(id, {
        ...{ firstExample: spec.first, firstDirection: 0, unitSize: 1, tokens: [] },
        ...{ loss: list(spec.count), excess: list(spec.count) },
        directions: list(spec.count).map((value) => (value < 0.5 ? 1 : 2)),
        exact: {
          curvature: { sum: list(spec.count), byParameter: {} },
          empirical: { sum: list(spec.count), byParameter: {} },
        },
        measures: { "fisher-trace": sums(), "hessian-trace": sums(), "empirical-fisher-trace": sums() },
      });
    }
    case "extract":
      return JSON.stringify({ refusals: {} });
    case "compare": {
      const task = suite.tasks[spec.task]!;
      if (task.kind === "minimal-pairs") {
        const pairs = list(spec.count).map((value) => ({
          ...{ good: value, bad: -value, goodTokens: 7, badTokens: 7 },
        }));
        return writeCompared(id, { pairs });
      }
      if (task.kind === "probe") throw new Error("not compared");
      const items = task.items
        .slice(spec.first, spec.first + spec.count)
        .map(({ choices, answer }) => ({ choices: list(choices.length), answer }));
      return writeCompared(id, { items });
    }
    case "fit": {
      const task = suite.tasks[spec.task] as ProbeTask;
      return writeFitted(id, {
        parts: spec.parts.map(({ fits }) =>
          fits ? { fits: fits.map((fit) => fitted(fit, task)) } : { probe: probeOf(task) },
        ),
      });
    }
  }
}

const candidate = {
  ...{ l2: 1e-5, validationAccuracy: 1 / 3, validationLoss: Infinity, converged: true },
  ...{ gradientNorm: 1 / 7, iterations: 123 },
};

function fitted(fit: FitSpec, { train, test: testSet, classes }: ProbeTask): FitResult {
  const { index } = fit as { index: number };
  switch (fit.kind) {
    case "main": {
      const predicted = testSet.map(() => Math.floor(random() * classes.length));
      const candidates = fit.penalties.map(() => candidate);
      return { kind: "main", l2: 1e-5, edge: "weakest", candidates, converged: true, predicted };
    }
    case "resample":
      return { kind: "resample", index, accuracy: random(), macroF1: random(), converged: false };
    case "control":
      return { kind: "control", index, correct: testSet.map(() => 1), converged: true };
    case "codelength": {
      // Half of the labels cost more than 16 bits: three bytes each.
      const millibits = train.map(() => Math.floor(32_768 * random()));
      return { kind: "codelength", index, bits: 1 / random(), blocks: [], millibits, converged: true };
    }
  }
}

function probeOf({ test: testSet }: ProbeTask) {
  const score = { value: random(), standardError: random() };
  return {
    accuracy: { ...score, trainingError: random() },
    macroF1: { ...score, trainingError: random() },
    codelength: { ...score, permutationError: random(), compression: score },
    selectivity: { ...score, controlAccuracy: random(), seenTypes: random() },
    ...{ l2: 1e-5, edge: "strongest" as const, unconverged: ["main", "resample-1"] },
    candidates: Array.from({ length: 6 }, () => candidate),
    correct: testSet.map(() => 1),
  };
}

/** Whether there is no way to make the shard shorter. */
function isWhole({ spec }: Shard): boolean {
  switch (spec.kind) {
    case "prepare":
      return true;
    case "measure":
    case "extract":
    case "compare":
      return spec.count === 1;
    case "fit":
      return spec.parts.length === 1 && spec.parts[0]!.fits?.length !== 2;
  }
}

const suites = new Map<string, Promise<Suite>>();
const suiteNamed = (name: string) => {
  const suite = suites.get(name) ?? readSuite(name).then((source) => source.suite);
  suites.set(name, suite);
  return suite;
};

describe.each(["pcfg-mini", "pcfg", "hmm", "text"])("%s", (name) => {
  test.each([
    [2e4, 1],
    [6e4, 2],
    [5e6, 12],
  ])("%d parameters in %i layers", async (parameters, layers) => {
    const suite = await suiteNamed(name);
    const [prepare, ...others] = nextShards(suite, OPTIONS, new Map());
    expect(prepare).toMatchObject({ id: "prepare", stage: "preparing", needs: [] });
    expect(others).toEqual([]);
    const done = new Map([["prepare", prepared(parameters, layers)]]);
    let waves = 0;
    for (;;) {
      const wave = nextShards(suite, OPTIONS, done);
      if (wave.length === 0) break;
      waves++;
      // Planned once, planned for good.
      const half = new Map([...done, ...wave.filter((_, i) => i % 2 === 0).map(payloadOf)]);
      const later = nextShards(suite, OPTIONS, half).map(({ id }) => id);
      for (const { id } of wave.filter((_, i) => i % 2 === 1)) expect(later).toContain(id);
      for (const shard of wave) done.set(...payloadOf(shard));
    }
    function payloadOf(shard: Shard): [string, string] {
      return [shard.id, largestPayload(shard, suite)];
    }
    expect(waves).toBeLessThanOrEqual(3);
    const known = knownShards(suite, OPTIONS, done);
    expect(new Set(known.map(({ id }) => id)).size).toBe(known.length);
    for (const shard of known) {
      expect(shardSchema.parse(JSON.parse(JSON.stringify(shard)))).toEqual(shard);
      expect(assertShard(shard, suite)).toEqual(shard);
      if (!isWhole(shard)) expect(shard.operations).toBeLessThanOrEqual(1e11);
      for (const need of shard.needs) expect(done.has(need)).toBe(true);
    }
    const measured = known.flatMap(({ spec }) => (spec.kind === "measure" ? [spec] : []));
    expect(measured.reduce((sum, { count }) => sum + count, 0)).toBe(suite.corpus.examples.length);
  });
});

test("a checkpoint of the zoo takes a few dozen shards", async () => {
  const suite = await suiteNamed("pcfg-mini");
  const done = new Map([["prepare", prepared(6e4, 2)]]);
  const wave = nextShards(suite, OPTIONS, done);
  expect(wave.length).toBeLessThan(20);
  for (const shard of wave) done.set(shard.id, largestPayload(shard, suite));
  expect(nextShards(suite, OPTIONS, done).map(({ id }) => id)).toEqual([
    "fit/0/first/0",
    "fit/1/first/0",
    "fit/2/first/0",
  ]);
});

test("machines that are faster are given longer shards", async () => {
  const suite = await suiteNamed("text");
  const done = new Map([["prepare", prepared(1e8, 12)]]);
  const count = (operations?: number) =>
    nextShards(suite, { ...OPTIONS, ...(operations && { operations }) }, done).length;
  expect(count()).toBeGreaterThan(1000);
  expect(count(1e14)).toBeLessThan(40);
});

test("the words alone, where they take long, are the same shards for every checkpoint", async () => {
  const suite = await suiteNamed("hmm");
  const wordsFor = (layers: number) => {
    const done = new Map([["prepare", prepared(6e4, layers)]]);
    for (let wave = 0; wave < 2; wave++) {
      for (const shard of nextShards(suite, OPTIONS, done)) done.set(shard.id, largestPayload(shard, suite));
    }
    return knownShards(suite, OPTIONS, done).filter(({ id }) => id.includes("/words"));
  };
  const few = wordsFor(2);
  expect(few.map(({ id }) => id)).toContain("fit/0/words/0");
  expect(wordsFor(9)).toEqual(few);
});
