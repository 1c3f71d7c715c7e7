import { expect, test } from "vitest";
import { ProbeDataError, type Matrix } from "./logistic-input.ts";
import { standardise } from "./standardise.ts";

const matrix = (columns: number, ...data: number[]): Matrix => ({
  rows: data.length / columns,
  columns,
  data: Float32Array.from(data),
});

test("uses the training examples' means and deviations for all, and drops what is constant there", () => {
  const train = matrix(3, 1, 7, 10, 3, 7, 20, 5, 7, 30);
  const result = standardise("layer 1", train, [matrix(3, 3, 9, 50)]);
  expect(result.dropped).toBe(1);
  expect(result.train.columns).toBe(2);
  const s = Math.sqrt(1.5);
  [-s, -s, 0, 0, s, s].forEach((value, k) => expect(result.train.data[k]).toBeCloseTo(value, 6));
  expect(result.others[0]!.data[0]).toBeCloseTo(0, 6);
  expect(result.others[0]!.data[1]).toBeCloseTo(3 * s, 6);
});

test("rounding around a large constant is no variation", () => {
  const train = matrix(2, 1e6, 0, 1e6 + 0.0625, 1, 1e6, 2);
  expect(standardise("layer 1", train, []).dropped).toBe(1);
});

test("keeps small features that vary", () => {
  const result = standardise("layer 1", matrix(1, 1e-20, 2e-20, 3e-20), []);
  expect(result.train.data[2]).toBeCloseTo(Math.sqrt(1.5), 6);
});

test.each<[string, Matrix, Matrix[], string]>([
  ["not a number", matrix(2, 1, 2, 3, NaN), [], "Feature 1 of example 1 at layer 4 is NaN"],
  [
    "infinite, in another split",
    matrix(1, 1, 2),
    [matrix(1, 0, -Infinity)],
    "Feature 0 of example 1 at layer 4",
  ],
  ["all constant", matrix(2, 5, 6, 5, 6), [], "All 2 features of layer 4 are constant over the 2 training"],
  ["of one example", matrix(2, 5, 6), [], "constant over the 1 training"],
  ["of no examples", matrix(2), [], "no training examples for the features of layer 4"],
  ["of other columns", matrix(2, 1, 2, 3, 4), [matrix(1, 1)], "1 columns where training had 2"],
  ["cut short", { rows: 2, columns: 2, data: new Float32Array(3) }, [], "holds 3 values instead of 4"],
])("refuses features that are %s", (_, train, others, message) => {
  expect(() => standardise("layer 4", train, others)).toThrow(ProbeDataError);
  expect(() => standardise("layer 4", train, others)).toThrow(message);
});
