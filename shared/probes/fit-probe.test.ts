import { afterAll, describe, expect, test } from "vitest";
import { normalSource, randomSource } from "../../test/support/random.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { prepareProbe, type Labelled, type ProbeInput } from "./fit-probe-data.ts";
import { drawPermutation, DrawPurpose } from "./fit-probe-draws.ts";
import { mergeFits } from "./fit-probe-merge.ts";
import {
  CONTROLS,
  firstFits,
  fitId,
  laterFits,
  RESAMPLES,
  type FitResult,
  type MainResult,
} from "./fit-probe-spec.ts";
import { runFit } from "./fit-probe.ts";
import { ProbeDataError } from "./logistic-input.ts";
import { LogisticRegression } from "./logistic.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const regression = await LogisticRegression.create(runtime);
afterAll(() => regression.dispose());

const COLUMNS = 12;
const CLASSES = ["a", "b", "c"];

interface Options {
  readonly signal: number;
  readonly seed?: number;
  readonly train?: number;
  /** Replace the labels by others that have nothing to do with the features. */
  readonly shuffled?: boolean;
}

/**
 * Each example has a word out of eight, seen in the last features, and a class, seen in the first; a layer on top of
 * both, far from standardised, with one constant feature.
 */
function makeInput({ signal, seed = 1, train = 300, shuffled = false }: Options): ProbeInput {
  const [random, normal] = [randomSource(seed), normalSource(seed + 100)];
  const words: string[][] = [];
  const split = (rows: number): Labelled => {
    const data = new Float32Array(rows * COLUMNS);
    const types: string[] = [];
    const labels = Array.from({ length: rows }, (_, i) => {
      const label = Math.floor(random() * 3);
      const word = Math.floor(random() * 8);
      types.push(`word ${word}`);
      for (let j = 0; j < COLUMNS - 1; j++) {
        const shift = (j < 3 && j === label ? signal : 0) + (j >= 3 && j - 3 === word ? 1 : 0);
        data[i * COLUMNS + j] = (normal() + shift) * 10 ** (j % 3) + 5;
      }
      data[i * COLUMNS + COLUMNS - 1] = 7;
      return shuffled ? Math.floor(random() * 3) : label;
    });
    words.push(types);
    return { features: { rows, columns: COLUMNS, data }, labels };
  };
  const [trainSplit, validation, test] = [split(train), split(200), split(600)];
  const types = { train: words[0]!, test: words[2]! };
  return { name: "layer 1", classes: CLASSES, train: trainSplit, validation, test, types };
}

async function runAll(input: ProbeInput, extent: "full" | "scores" | "quick" = "full") {
  const data = await prepareProbe(runtime, input);
  const context = { regression, data, seed: 5 };
  const results: FitResult[] = [];
  for (const spec of firstFits(extent)) results.push(await runFit(spec, context));
  if (extent === "full") {
    for (const spec of laterFits(results[0] as MainResult, data)) results.push(await runFit(spec, context));
  }
  return { results, merged: mergeFits(results, mergeContext(input)), context };
}

function mergeContext({ classes, train, test, types }: ProbeInput) {
  return {
    classes: classes.length,
    trainingExamples: train.labels.length,
    testLabels: test.labels,
    ...(types && { types }),
    seed: 5,
  };
}

describe("a planted signal", async () => {
  const input = makeInput({ signal: 4 });
  const { results, merged, context } = await runAll(input);

  test("is found, with errors of both kinds", () => {
    expect(merged.accuracy.value).toBeGreaterThan(0.93);
    expect(merged.accuracy.standardError).toBeGreaterThan(0.003);
    expect(merged.accuracy.standardError).toBeLessThan(0.02);
    expect(merged.accuracy.trainingError).toBeGreaterThan(0);
    expect(merged.accuracy.trainingError).toBeLessThan(0.03);
    expect(Math.abs(merged.macroF1.value - merged.accuracy.value)).toBeLessThan(0.02);
    expect(merged.unconverged).toEqual([]);
    expect(merged.codelength!.compression.value).toBeGreaterThan(2);
    expect(merged.codelength!.permutationError).toBeGreaterThan(0);
    expect(merged.codelength!.value).toBeGreaterThan(0);
    expect(context.data.dropped).toBe(1);
  });

  test("is selective: random labels of words are harder", () => {
    expect(merged.selectivity!.value).toBeGreaterThan(0.2);
    expect(merged.selectivity!.standardError).toBeGreaterThan(0);
    expect(merged.selectivity!.seenTypes).toBe(1);
    expect(merged.selectivity!.value).toBeCloseTo(
      merged.accuracy.value - merged.selectivity!.controlAccuracy,
      12,
    );
  });

  test("merges in any order and with repetitions, after a journey as JSON", () => {
    const order = drawPermutation(results.length, { seed: 1, purpose: DrawPurpose.permutation, index: 0 });
    const shuffled = [...order].map((i) => results[i]!);
    const sent = JSON.parse(JSON.stringify([...shuffled, ...shuffled.slice(0, 4)])) as FitResult[];
    expect(mergeFits(sent, mergeContext(input))).toEqual(merged);
  });

  test("gives the same numbers when a fit runs again, elsewhere", async () => {
    const again = { ...context, data: await prepareProbe(runtime, makeInput({ signal: 4 })) };
    expect(await runFit({ kind: "control", index: 1, l2: merged.l2 }, again)).toEqual(
      results.find((result) => fitId(result) === "control-1"),
    );
    expect(await runFit({ kind: "codelength", index: 2 }, again)).toEqual(
      results.find((result) => fitId(result) === "codelength-2"),
    );
  });

  test("has fits of distinct names", () => {
    expect(new Set(results.map(fitId)).size).toBe(results.length);
    expect(results).toHaveLength(1 + 5 + RESAMPLES + CONTROLS);
  });

  test("codelengths of examples add up to the whole", () => {
    for (const result of results) {
      if (result.kind !== "codelength") continue;
      const total = result.millibits.reduce((sum, value) => sum + value, 0) / 1000;
      expect(Math.abs(total - result.bits)).toBeLessThan(0.15);
    }
  });
});

test("shuffled labels give chance, and no compression", async () => {
  const { merged } = await runAll(makeInput({ signal: 4, shuffled: true }));
  expect(Math.abs(merged.accuracy.value - 1 / 3)).toBeLessThan(4 * merged.accuracy.standardError);
  expect(merged.codelength!.compression.value).toBeLessThan(1.03);
  expect(merged.codelength!.compression.value).toBeGreaterThan(0.85);
});

test("the error over training sets is the spread over training sets", async () => {
  const accuracies: number[] = [];
  let variance = 0;
  for (let seed = 1; seed <= 12; seed++) {
    // The same test examples: only the training set differs.
    const { test } = makeInput({ signal: 1.5, seed: 1, train: 60 });
    const { merged } = await runAll(
      { ...makeInput({ signal: 1.5, seed: seed + 20, train: 60 }), test },
      "quick",
    );
    accuracies.push(merged.accuracy.value);
    const input = { ...makeInput({ signal: 1.5, seed: seed + 20, train: 60 }), test };
    const context = { regression, data: await prepareProbe(runtime, input), seed };
    const resampled: number[] = [];
    for (let index = 0; index < 5; index++) {
      const result = await runFit({ kind: "resample", index, l2: 1e-3 }, context);
      if (result.kind === "resample") resampled.push(result.accuracy);
    }
    variance += spread(resampled) ** 2 / 12;
  }
  const ratio = Math.sqrt(variance) / spread(accuracies);
  expect(ratio).toBeGreaterThan(0.6);
  expect(ratio).toBeLessThan(1.8);
});

function spread(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

test("quick fits have one penalty and no choice; baselines no later fits", async () => {
  const quick = await runAll(makeInput({ signal: 4 }), "quick");
  expect(quick.merged).toMatchObject({ l2: 1e-3, edge: null, codelength: null, selectivity: null });
  expect(quick.merged.accuracy.trainingError).toBeNull();
  const scores = await runAll(makeInput({ signal: 4 }), "scores");
  expect(scores.results).toHaveLength(1);
  expect(scores.merged.candidates.map(({ l2 }) => l2)).toEqual([1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5]);
});

test("says when the chosen penalty is the strongest or the weakest", async () => {
  const data = await prepareProbe(runtime, makeInput({ signal: 4 }));
  const context = { regression, data, seed: 1 };
  const strong = await runFit({ kind: "main", penalties: [1e3, 1e-2] }, context);
  expect(strong).toMatchObject({ edge: "weakest", l2: 1e-2 });
  const noise = await prepareProbe(runtime, { ...makeInput({ signal: 0, train: 40 }) });
  const weak = (await runFit(
    { kind: "main", penalties: [1e-9, 1e-8] },
    { ...context, data: noise },
  )) as MainResult;
  expect(weak.edge).not.toBeNull();
});

test("without types there are no control fits, and asking for one says so", async () => {
  const { name, classes, train, validation, test: held } = makeInput({ signal: 4 });
  const data = await prepareProbe(runtime, { name, classes, train, validation, test: held });
  const context = { regression, data, seed: 1 };
  const main = (await runFit(firstFits("quick")[0]!, context)) as MainResult;
  expect(laterFits(main, data).every(({ kind }) => kind === "resample")).toBe(true);
  await expect(runFit({ kind: "control", index: 0, l2: 1 }, context)).rejects.toThrow("no types of examples");
});

test("results without the main fit cannot be merged", async () => {
  const { results } = await runAll(makeInput({ signal: 4, train: 40 }));
  const input = makeInput({ signal: 4, train: 40 });
  expect(() => mergeFits(results.slice(1), mergeContext(input))).toThrow("main fit is missing");
});

const relabel = (split: Labelled, change: (label: number, i: number) => number): Labelled => ({
  ...split,
  labels: split.labels.map(change),
});

test.each<[string, (input: ProbeInput) => ProbeInput, string]>([
  [
    "a class without training examples",
    (input) => ({ ...input, train: relabel(input.train, (label) => (label === 2 ? 0 : label)) }),
    'Class "c" has no training example at layer 1',
  ],
  [
    "a class with one training example",
    (input) => ({ ...input, train: relabel(input.train, (label, i) => (i === 7 ? 2 : label % 2)) }),
    'Class "c" has one training example at layer 1',
  ],
  [
    "a test label out of range",
    (input) => ({ ...input, test: relabel(input.test, (label, i) => (i === 3 ? 3 : label)) }),
    "Example 3 has label 3, but the task has 3 classes",
  ],
  ["one class", (input) => ({ ...input, classes: ["a"] }), "1 classes; a classifier needs at least 2"],
  [
    "an empty split",
    (input) => ({
      ...input,
      validation: { features: { rows: 0, columns: COLUMNS, data: new Float32Array() }, labels: [] },
    }),
    "The validation split of layer 1 has no examples",
  ],
  [
    "types that are too few",
    (input) => ({ ...input, types: { train: ["x"], test: ["y"] } }),
    "types of layer 1 are not as many",
  ],
  [
    "a feature that is not finite",
    (input) => {
      const data = input.test.features.data.slice();
      data[COLUMNS + 2] = Infinity;
      return { ...input, test: { ...input.test, features: { ...input.test.features, data } } };
    },
    "Feature 2 of example 1 at layer 1 is Infinity",
  ],
])("refuses %s", async (_, change, message) => {
  const prepared = prepareProbe(runtime, change(makeInput({ signal: 4 })));
  await expect(prepared).rejects.toThrow(ProbeDataError);
  await expect(prepared).rejects.toThrow(message);
});
