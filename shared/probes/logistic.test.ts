import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { normalSource, randomSource } from "../../test/support/random.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { startNodeWasmRuntime } from "../../worker/local/runtimes/wasm.ts";
import { boundScale, toPrincipalAxes } from "./logistic-axes.ts";
import { ProbeDataError, type Matrix } from "./logistic-input.ts";
import { LogisticRegression } from "./logistic.ts";
import type { LogisticProblem, LogisticWeights } from "./logistic-input.ts";

interface Reference {
  readonly name: string;
  readonly seed: number;
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
  readonly l2: number;
  readonly counts: readonly number[] | null;
  readonly penaliseIntercept: boolean;
  readonly value: number;
  readonly trainingLoss: number;
  readonly predicted: string;
  readonly coefficients?: readonly number[];
  readonly intercept?: readonly number[];
}

const references = JSON.parse(
  readFileSync(new URL("../../test/support/logistic-reference.json", import.meta.url), "utf8"),
) as Reference[];

/** The data of logistic-reference.py. */
function problemOf(reference: Reference): LogisticProblem {
  const { seed, rows, columns, classes, l2, counts, penaliseIntercept } = reference;
  const random = randomSource(seed);
  const draw = (below: number) => Math.floor(random() * below);
  const data = new Float32Array(rows * columns);
  const labels = Array.from({ length: rows }, (_, i) => {
    const label = draw(classes);
    for (let j = 0; j < columns; j++) {
      data[i * columns + j] = (draw(129) - 64 + (j % classes === label ? 24 : 0)) / 64;
    }
    return draw(4) === 0 ? draw(classes) : label;
  });
  const features: Matrix = { rows, columns, data };
  const repeated = counts && labels.map((_, i) => counts[i % counts.length]!);
  return { features, labels, classes, l2, penaliseIntercept, ...(repeated && { counts: repeated }) };
}

const native = await LogisticRegression.create(await createNodeRuntime({ threads: 1 }));
const wasm = await LogisticRegression.create(await startNodeWasmRuntime());
afterAll(async () => {
  await native.dispose();
  await wasm.dispose();
});

describe.each([
  ["cpu", native],
  ["wasm", wasm],
])("on %s, the minimum is scikit-learn's", (_, regression) => {
  test.each(references)("$name", async (reference) => {
    const problem = problemOf(reference);
    const fit = await regression.fit(problem);
    expect(fit.converged).toBe(true);
    expect(Math.abs(fit.value - reference.value)).toBeLessThan(1e-6);
    const { loss, classes } = await regression.predict(fit, problem.features, problem.labels);
    const mean = loss.reduce((sum, nats) => sum + nats, 0) / loss.length;
    expect(Math.abs(mean - reference.trainingLoss)).toBeLessThan(1e-4);
    const different = [...reference.predicted].filter(
      (letter, i) => letter.charCodeAt(0) - 97 !== classes[i],
    );
    // Two classes may be as probable as each other.
    expect(different.length).toBeLessThanOrEqual(reference.rows / 500);
  });
});

test.each(references.filter(({ coefficients }) => coefficients))(
  "coefficients are scikit-learn's to 1e-4: $name",
  async (reference) => {
    const fit = await native.fit({ ...problemOf(reference), gradientTolerance: 1e-6 });
    const mean = fit.bias.reduce((sum, b) => sum + b, 0) / fit.bias.length;
    reference.coefficients!.forEach((w, i) => expect(Math.abs(fit.weights[i]! - w)).toBeLessThan(1e-4));
    reference.intercept!.forEach((b, c) => expect(Math.abs(fit.bias[c]! - mean - b)).toBeLessThan(1e-4));
  },
);

test.each([false, true])(
  "gradients are those of finite differences, intercept penalised: %s",
  async (penaliseIntercept) => {
    const problem = { ...problemOf(references[4]!), l2: 0.3, penaliseIntercept };
    const normal = normalSource(3);
    const at: LogisticWeights = {
      weights: Float64Array.from({ length: 32 }, normal),
      bias: Float64Array.from({ length: 4 }, normal),
    };
    const { gradient } = await native.evaluate(problem, at);
    const step = 1e-2;
    for (let k = 0; k < gradient.length; k++) {
      const moved = async (by: number) => {
        const weights = at.weights.slice();
        const bias = at.bias.slice();
        if (k < 32) weights[k]! += by;
        else bias[k - 32]! += by;
        return (await native.evaluate(problem, { weights, bias })).value;
      };
      const slope = ((await moved(step)) - (await moved(-step))) / (2 * step);
      expect(Math.abs(gradient[k]! - slope)).toBeLessThan(1e-4);
    }
  },
);

test("more examples than fit into one run add up", async () => {
  const problem = problemOf(references[0]!);
  const { rows, columns, data } = problem.features;
  // Zeros make the rows long enough to be cut.
  const [copies, width] = [36, 500];
  const wide = new Float32Array(copies * rows * width);
  for (let i = 0; i < copies * rows; i++) {
    wide.set(data.subarray((i % rows) * columns, ((i % rows) + 1) * columns), i * width);
  }
  const repeated: LogisticProblem = {
    ...problem,
    features: { rows: copies * rows, columns: width, data: wide },
    labels: Array.from({ length: copies * rows }, (_, i) => problem.labels[i % rows]!),
  };
  const [once, many] = [await native.fit(problem), await native.fit(repeated)];
  expect(many.value).toBeCloseTo(once.value, 6);
  const predictions = await native.predict(many, repeated.features, repeated.labels);
  const expected = await native.predict(once, problem.features, problem.labels);
  expect([...predictions.classes.subarray(-rows)]).toEqual([...expected.classes]);
});

test("principal axes, scales and a warm start change the way, not the minimum", async () => {
  const problem = problemOf(references[6]!);
  const normal = normalSource(8);
  const { rows, columns, data } = problem.features;
  // Features that nearly repeat each other, as those of language models do.
  const mixed = data.map((x, k) => x + 3 * data[k - (k % columns)]! + 0.01 * normal());
  const features: Matrix = { rows, columns, data: mixed };
  const rotated = await toPrincipalAxes(await createNodeRuntime({ threads: 1 }), features, [features]);
  expect(rotated.others[0]!.data).toEqual(rotated.train.data);
  const plain = await native.fit({ ...problem, features, l2: 1e-4 });
  const scaled = { ...problem, features: rotated.train, l2: 1e-4, scale: boundScale(rotated.power, 1e-4) };
  const turned = await native.fit(scaled);
  expect(turned.iterations).toBeLessThan(plain.iterations / 2);
  expect(Math.abs(turned.value - plain.value)).toBeLessThan(1e-5);
  const strong = await native.fit({ ...scaled, l2: 1e-2, scale: boundScale(rotated.power, 1e-2) });
  const warm = await native.fit({ ...scaled, start: strong });
  expect(Math.abs(warm.value - turned.value)).toBeLessThan(1e-5);
  const again = await native.fit({ ...scaled, start: turned });
  expect(again.iterations).toBeLessThanOrEqual(1);
});

test("counts are repetitions, and 0 leaves an example out", async () => {
  const problem = problemOf(references[0]!);
  const { columns, data } = problem.features;
  const counts = Array.from(problem.labels, (_, i) => (i < 50 ? 2 : i < 100 ? 1 : 0));
  const chosen = counts.flatMap((count, i) => Array<number>(count).fill(i));
  const repeated = new Float32Array(chosen.length * columns);
  chosen.forEach((i, row) => repeated.set(data.subarray(i * columns, (i + 1) * columns), row * columns));
  const counted = await native.fit({ ...problem, counts });
  const listed = await native.fit({
    ...problem,
    features: { rows: chosen.length, columns, data: repeated },
    labels: chosen.map((i) => problem.labels[i]!),
  });
  expect(counted.value).toBeCloseTo(listed.value, 6);
  counted.weights.forEach((w, i) => expect(w).toBeCloseTo(listed.weights[i]!, 3));
});

describe("a class without examples", () => {
  const problem = { ...problemOf(references[0]!), classes: 5 };

  test("gets no probability where intercepts are free", async () => {
    const fit = await native.fit(problem);
    expect(fit.converged).toBe(true);
    expect([...fit.bias.subarray(3)]).toEqual([-Infinity, -Infinity]);
    expect(Math.abs(fit.value - references[0]!.value)).toBeLessThan(1e-6);
    for (const regression of [native, wasm]) {
      const { loss, classes } = await regression.predict(fit, problem.features, new Array(240).fill(4));
      expect(loss[0]).toBe(Infinity);
      expect(Math.max(...classes)).toBe(2);
    }
  });

  test("keeps some where they are penalised", async () => {
    const fit = await native.fit({ ...problem, penaliseIntercept: true });
    const { loss } = await native.predict(fit, problem.features, new Array(240).fill(4));
    expect(Number.isFinite(Math.max(...loss))).toBe(true);
  });
});

test.each<[string, Partial<LogisticProblem>, string]>([
  ["a label out of range", { labels: [0, 1, 3] }, "Example 2 has label 3, but the task has 3 classes"],
  ["a broken label", { labels: [0, 0.5, 1] }, "Example 1 has label 0.5"],
  ["too few labels", { labels: [0, 1] }, "2 labels for 3 examples"],
  ["one class", { labels: [0, 0, 0], classes: 1 }, "1 classes; a classifier needs at least 2"],
  ["no penalty", { l2: 0 }, "The L2 penalty is 0"],
  ["a broken penalty", { l2: NaN }, "The L2 penalty is NaN"],
  ["a negative count", { counts: [1, -1, 1] }, "negative or not finite"],
  ["nothing counted", { counts: [0, 0, 0] }, "No training example counts"],
  ["too few counts", { counts: [1] }, "1 counts for 3 examples"],
  [
    "a matrix of another size",
    { features: { rows: 3, columns: 2, data: new Float32Array(5) } },
    "holds 5 values instead of 6",
  ],
  ["scales of another size", { scale: new Float64Array(1) }, "1 scales for 2 features"],
  [
    "a start of another size",
    { start: { weights: new Float64Array(2), bias: new Float64Array(3) } },
    "starting point",
  ],
])("refuses %s", async (_, change, message) => {
  const problem: LogisticProblem = {
    features: { rows: 3, columns: 2, data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    labels: [0, 1, 2],
    classes: 3,
    l2: 0.1,
    ...change,
  };
  await expect(native.fit(problem)).rejects.toThrow(ProbeDataError);
  await expect(native.fit(problem)).rejects.toThrow(message);
});
