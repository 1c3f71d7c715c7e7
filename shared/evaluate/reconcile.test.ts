import { expect, test } from "vitest";
import type { Parameter } from "../onnx/parameters.ts";
import { normalSource } from "../../test/support/random.ts";
import { reconcile, type Estimated, type Stratum } from "./reconcile.ts";

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** An estimate over these examples, of one labelled token each. */
const over = (examples: readonly number[], value: number, variance: number): Estimated => ({
  value,
  variance,
  loadings: new Map(examples.map((i) => [i, 1 / examples.length])),
});
const part = (index: number, estimated: Estimated): Stratum => ({
  parameter: { index } as Parameter,
  ...estimated,
});

test("parts add up to the whole, the noisiest ones giving way most", () => {
  for (const source of [0, 0.01]) {
    const strata = [0.01, 0.01, 0.04].map((variance, s) =>
      part(s, over(range(s === 0 ? 5 : 10), 4, variance)),
    );
    const found = reconcile(over(range(10), 10, 0.04), strata, source);
    expect(sumOf(found.map(({ value }) => value))).toBeCloseTo(10, 12);
    expect(found[2]!.value).toBeLessThan(found[1]!.value);
  }
});

test("parts without noise are left as they are, but for rounding", () => {
  const strata = [1, 2].map((value, s) => part(s, over(range(3), value, 0)));
  const found = reconcile(over(range(3), 3 + 1e-9, 0), strata);
  expect(found.map(({ variance }) => variance)).toEqual([0, 0]);
  expect(sumOf(found.map(({ value }) => value))).toBe(3 + 1e-9);
});

// 30 parts of 1 each against a whole. All of them subtract the same 60 rounded ℓ₀, but for parts that only visit some.
test.each([
  ["rounding is larger", 1, 0.3],
  ["direction noise is", 0.1, 0.3],
  ["the whole is noisy", 0.3, 3],
])("errors of parts are honest where %s", (_, rho, noiseOfWhole) => {
  const normal = normalSource(7);
  const [examples, parts, rounds] = [60, 30, 1500];
  const visited = (s: number) => range(examples).filter((i) => s % 3 > 0 || i % 4 === 0);
  const squared = { everywhere: 0, sampled: 0 };
  const claimed = { everywhere: 0, sampled: 0 };
  for (let round = 0; round < rounds; round++) {
    const base = range(examples).map(() => Math.sqrt(2 / 3) * rho * normal());
    const estimateOver = (ids: readonly number[], truth: number, noise: number) => {
      const shift = sumOf(ids.map((i) => base[i]!)) / ids.length;
      return over(ids, truth + noise * normal() + shift, noise ** 2);
    };
    const strata = range(parts).map((s) => part(s, estimateOver(visited(s), 1, s === 1 ? 0.2 : 0.05)));
    const found = reconcile(estimateOver(range(examples), parts, noiseOfWhole), strata, (2 / 3) * rho ** 2);
    squared.sampled += (found[0]!.value - 1) ** 2;
    squared.everywhere += (found[1]!.value - 1) ** 2;
    claimed.sampled += found[0]!.variance;
    claimed.everywhere += found[1]!.variance;
  }
  for (const which of ["everywhere", "sampled"] as const) {
    expect(squared[which] / claimed[which], which).toBeGreaterThan(0.88);
    expect(squared[which] / claimed[which], which).toBeLessThan(1.12);
  }
});
