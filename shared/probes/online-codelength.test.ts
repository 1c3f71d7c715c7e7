import { afterAll, expect, test } from "vitest";
import { normalSource, randomSource } from "../../test/support/random.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { ProbeDataError, type Matrix } from "./logistic-input.ts";
import { LogisticRegression } from "./logistic.ts";
import { blockEnds, onlineCodelength } from "./online-codelength.ts";

const regression = await LogisticRegression.create(await createNodeRuntime({ threads: 1 }));
afterAll(() => regression.dispose());

const inOrder = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Labels 0 to classes − 1; the first features point to them, as strongly as `signal` says. */
function problem(n: number, classes: number, signal: number, seed = 1) {
  const [random, normal] = [randomSource(seed), normalSource(seed)];
  const columns = classes + 5;
  const labels = inOrder(n).map(() => Math.floor(random() * classes));
  const features: Matrix = { rows: n, columns, data: Float32Array.from({ length: n * columns }, normal) };
  labels.forEach((label, i) => (features.data[i * columns + label]! += signal));
  return { features, labels, classes, order: inOrder(n), power: new Float64Array(columns).fill(1) };
}

test("blocks end where Voita & Titov's do, and hold an example at least", () => {
  expect(blockEnds(10_000)).toEqual([10, 20, 40, 80, 160, 320, 625, 1250, 2500, 5000, 10_000]);
  expect(blockEnds(100)).toEqual([1, 2, 3, 6, 13, 25, 50, 100]);
  expect(blockEnds(2)).toEqual([1, 2]);
  expect(() => blockEnds(1)).toThrow(ProbeDataError);
});

test("two examples by hand", async () => {
  // Features say nothing, so the second is coded by the intercepts (t, −t) learnt from the first:
  // the minimum of −log σ(2t) + λ t², λ = 1000, has 1 − σ(2t) = λ t.
  let t = 0;
  for (let i = 0; i < 100; i++) t = 1 / (1 + Math.exp(2 * t)) / 1000;
  const features: Matrix = { rows: 2, columns: 1, data: new Float32Array(2) };
  const code = (labels: number[]) =>
    onlineCodelength(regression, { features, labels, classes: 2, order: [0, 1], power: Float64Array.of(1) });
  const [same, other] = [await code([1, 1]), await code([1, 0])];
  expect(same.bits).toBeCloseTo(1 + Math.log2(1 + Math.exp(-2 * t)), 5);
  expect(other.bits).toBeCloseTo(1 + Math.log2(1 + Math.exp(2 * t)), 5);
  expect(other.perExample[0]).toBe(1);
  expect(other.blocks).toMatchObject([
    { from: 0, to: 1, bits: 1, precision: null },
    { from: 1, to: 2, precision: 1000 },
  ]);
});

test("blocks and examples add up to the same bits, whatever the order", async () => {
  const data = problem(300, 4, 2);
  const order = inOrder(300).reverse();
  const code = await onlineCodelength(regression, { ...data, order });
  const total = code.perExample.reduce((sum, bits) => sum + bits, 0);
  expect(code.blocks.reduce((sum, { bits }) => sum + bits, 0)).toBe(code.bits);
  expect(total).toBeCloseTo(code.bits, 6);
  expect(code.perExample[299]).toBe(2);
  expect(code.converged).toBe(true);
});

test("informative features compress, others do not, and both cost little at worst", async () => {
  const uniform = 1000 * Math.log2(6);
  const informed = await onlineCodelength(regression, problem(1000, 6, 4));
  expect(informed.bits).toBeLessThan(0.4 * uniform);
  const noise = await onlineCodelength(regression, problem(1000, 6, 0));
  expect(noise.bits).toBeGreaterThan(0.98 * uniform);
  expect(noise.bits).toBeLessThan(1.06 * uniform);
});

test("the penalty of a block depends on earlier blocks alone", async () => {
  const data = problem(400, 3, 3);
  const changed = data.labels.map((label, i) => (i < 200 ? label : (label + 1) % 3));
  const [before, after] = [
    await onlineCodelength(regression, data),
    await onlineCodelength(regression, { ...data, labels: changed }),
  ];
  expect(after.blocks.map(({ precision }) => precision)).toEqual(
    before.blocks.map(({ precision }) => precision),
  );
  expect(after.blocks.slice(0, -1)).toEqual(before.blocks.slice(0, -1));
  expect(after.bits).toBeGreaterThan(2 * before.bits);
});

test("a class that comes late costs a bounded number of bits", async () => {
  const data = problem(400, 4, 3);
  // Class 3 is first seen in the last block.
  const order = [...data.order].sort((a, b) => Number(data.labels[a] === 3) - Number(data.labels[b] === 3));
  const code = await onlineCodelength(regression, { ...data, order });
  expect(Math.max(...code.perExample)).toBeLessThan(25);
  expect(code.bits).toBeLessThan(4 * 400);
});
