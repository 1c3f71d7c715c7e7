import { expect, test } from "vitest";
import type { Parameter } from "../onnx/parameters.ts";
import { normalSource } from "../../test/support/random.ts";
import { reconcile } from "./per-tensor.ts";

const strataOf = (values: readonly number[], variance: number) =>
  values.map((value, index) => ({ parameter: { index } as Parameter, value, variance }));

test("parts add up to the reconciled whole, which lies between both estimates", () => {
  for (const common of [0, 0.05]) {
    const found = reconcile({ value: 10, variance: 0.04 }, strataOf([2, 3, 6], 0.01), common);
    expect(found.strata.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(found.value, 12);
    expect(found.value).toBeGreaterThan(10);
    expect(found.value).toBeLessThan(11);
    expect(found.variance).toBeLessThan(0.04);
  }
});

// 30 parts of 1 each, all off by the same amount, against a whole with its own noise.
test("an error that all parts share is weighed as it adds up, and errors stay honest", () => {
  const normal = normalSource(7);
  const [noise, common, rounds] = [0.02, 0.03, 4000];
  let squaredWhole = 0;
  let squaredPart = 0;
  let claimedWhole = 0;
  let claimedPart = 0;
  for (let round = 0; round < rounds; round++) {
    const shift = common * normal();
    const parts = Array.from({ length: 30 }, () => 1 + shift + noise * normal());
    const found = reconcile(
      { value: 30 + 0.3 * normal(), variance: 0.3 ** 2 },
      strataOf(parts, noise ** 2),
      common,
    );
    squaredWhole += (found.value - 30) ** 2;
    squaredPart += (found.strata[0]!.value - 1) ** 2;
    claimedWhole += found.variance;
    claimedPart += found.strata[0]!.variance;
  }
  expect(squaredWhole / claimedWhole).toBeGreaterThan(0.93);
  expect(squaredWhole / claimedWhole).toBeLessThan(1.07);
  expect(squaredPart / claimedPart).toBeGreaterThan(0.93);
  expect(squaredPart / claimedPart).toBeLessThan(1.07);
});
