import { expect, test } from "vitest";
import type { Parameter } from "../onnx/parameters.ts";
import { normalSource } from "../../test/support/random.ts";
import { reconcile, type Estimated, type Stratum } from "./reconcile.ts";

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** An estimate over these examples, of one labelled token each. */
const over = (examples: readonly number[], value: number, variance: number, ownRounding = 0): Estimated => ({
  value,
  variance,
  ownRounding,
  loadings: new Map(examples.map((i) => [i, 1 / examples.length])),
});
const part = (index: number, estimated: Estimated): Stratum => ({
  parameter: { index } as Parameter,
  ...estimated,
});

test("parts add up to the reconciled whole, which lies between both estimates", () => {
  for (const rounding of [0, 0.01]) {
    const strata = [2, 3, 6].map((value, s) => part(s, over(range(s === 0 ? 5 : 10), value, 0.01)));
    const found = reconcile(over(range(10), 10, 0.04), strata, rounding);
    expect(sumOf(found.parts.map(({ value }) => value))).toBeCloseTo(found.value, 12);
    expect(found.value).toBeGreaterThan(10);
    expect(found.value).toBeLessThan(11);
    expect(found.directionError ** 2).toBeLessThan(0.04);
    if (rounding === 0) expect(found.roundingError).toBe(0);
  }
});

// 30 parts of 1 each against a whole. All of them subtract the same 60 rounded ℓ₀, but for parts that only visit some.
test("rounding of ℓ₀ is weighed as it adds up, and errors stay honest", () => {
  const normal = normalSource(7);
  const [examples, parts, rounds] = [60, 30, 4000];
  const rho = 1;
  const direction = { full: 3, part: 0.02 };
  const visited = (s: number) => range(examples).filter((i) => s % 3 > 0 || i % 4 === 0);
  const squared = { whole: 0, everywhere: 0, sampled: 0 };
  const claimed = { whole: 0, rounding: 0, everywhere: 0, sampled: 0 };
  for (let round = 0; round < rounds; round++) {
    const base = range(examples).map(() => Math.sqrt(2 / 3) * rho * normal());
    const estimateOver = (ids: readonly number[], truth: number, noise: number) => {
      // A stratum's variance is measured, so it holds what the rounding of ℓ₊ and ℓ₋ adds.
      const own = (rho * rho) / 3 / 2 / ids.length;
      const variance = noise ** 2 + own;
      const shift = sumOf(ids.map((i) => base[i]!)) / ids.length;
      return over(ids, truth + Math.sqrt(variance) * normal() + shift, variance, own);
    };
    const strata = range(parts).map((s) => part(s, estimateOver(visited(s), 1, direction.part)));
    const found = reconcile(estimateOver(range(examples), parts, direction.full), strata, (2 / 3) * rho ** 2);
    squared.whole += (found.value - parts) ** 2;
    squared.everywhere += (found.parts[1]!.value - 1) ** 2;
    squared.sampled += (found.parts[0]!.value - 1) ** 2;
    claimed.whole += found.directionError ** 2 + found.roundingError ** 2;
    claimed.rounding += found.roundingError ** 2;
    claimed.everywhere += found.parts[1]!.variance;
    claimed.sampled += found.parts[0]!.variance;
  }
  // Rounding of ℓ± is in both errors of the whole, and small beside the others here.
  expect(squared.whole / claimed.whole).toBeGreaterThan(0.9);
  expect(squared.whole / claimed.whole).toBeLessThan(1.05);
  for (const which of ["everywhere", "sampled"] as const) {
    expect(squared[which] / claimed[which]).toBeGreaterThan(0.93);
    expect(squared[which] / claimed[which]).toBeLessThan(1.07);
  }
  expect(claimed.rounding / claimed.whole).toBeGreaterThan(0.3);
});
