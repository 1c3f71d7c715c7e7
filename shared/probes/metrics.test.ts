import { expect, test } from "vitest";
import { randomSource } from "../../test/support/random.ts";
import { ProbeDataError } from "./logistic-input.ts";
import { accuracy, correctness, macroF1, macroF1Score, pairedGain, standardDeviation } from "./metrics.ts";

test("accuracy and its binomial error", () => {
  const correct = correctness([0, 1, 2, 2], [0, 1, 1, 2]);
  expect(correct).toEqual([1, 1, 0, 1]);
  expect(accuracy(correct).value).toBe(0.75);
  const many = Array.from({ length: 10_000 }, (_, i) => (i % 10 === 0 ? 0 : 1));
  expect(accuracy(many).standardError).toBeCloseTo(Math.sqrt((0.9 * 0.1) / 10_000), 5);
});

test("all right is not without error", () => {
  const { value, standardError } = accuracy(Array<number>(98).fill(1));
  expect(value).toBe(1);
  // p̃ = 99/100.
  expect(standardError).toBeCloseTo(Math.sqrt((0.99 * 0.01) / 98), 12);
});

test("macro-F1 by hand", () => {
  // Class 0: TP 1, FP 1, FN 1 → 1/2. Class 1: TP 1, FP 0, FN 1 → 2/3. Class 2: TP 1, FP 1, FN 0 → 2/3.
  expect(macroF1([0, 0, 1, 2, 2], [0, 1, 1, 2, 0], 3)).toBeCloseTo((1 / 2 + 2 / 3 + 2 / 3) / 3, 15);
});

test("classes that occur nowhere are left out; those on one side count 0", () => {
  // scikit-learn's f1_score(average="macro") gives the same.
  expect(macroF1([0, 1], [0, 1], 7)).toBe(1);
  // Class 2 is predicted and never right: (1 + 2/3 + 0) / 3.
  expect(macroF1([0, 1, 2], [0, 1, 1], 3)).toBeCloseTo((1 + 2 / 3) / 3, 15);
  // Class 2 is a label and never predicted.
  expect(macroF1([0, 1, 1], [0, 1, 2], 3)).toBeCloseTo((1 + 2 / 3) / 3, 15);
});

test("the error of macro-F1 is the spread over test sets, and repeats at its seed", () => {
  const random = randomSource(5);
  const sample = () => {
    const labels = Array.from({ length: 200 }, () => Math.floor(random() * 3));
    const predicted = labels.map((label) => (random() < 0.7 ? label : Math.floor(random() * 3)));
    return [predicted, labels] as const;
  };
  const samples = Array.from({ length: 200 }, sample);
  const spread = standardDeviation(samples.map(([predicted, labels]) => macroF1(predicted, labels, 3)));
  const errors = samples.slice(0, 20).map(([predicted, labels]) => macroF1Score(predicted, labels, 3, 1));
  const mean = errors.reduce((sum, { standardError }) => sum + standardError, 0) / errors.length;
  expect(mean / spread).toBeGreaterThan(0.85);
  expect(mean / spread).toBeLessThan(1.15);
  expect(macroF1Score(...samples[0]!, 3, 1)).toEqual(errors[0]);
});

test("a paired gain has the error of its differences", () => {
  const gain = pairedGain([1, 1, 0, 1], [1, 0, 0, 1]);
  expect(gain.value).toBe(0.25);
  // Residuals ¾, −¼ three times: √(4/3 · (9 + 3)/16) / 4.
  expect(gain.standardError).toBeCloseTo(Math.sqrt((4 / 3) * (12 / 16)) / 4, 12);
  expect(pairedGain([1, 0], [1, 0]).standardError).toBe(0);
  expect(pairedGain([1, 0], [0, 0], ["a", "a"]).standardError).toBeNull();
});

test("refuses what does not match", () => {
  expect(() => correctness([], [])).toThrow(ProbeDataError);
  expect(() => correctness([0], [0, 1])).toThrow("1 predictions for 2 test examples");
  expect(() => pairedGain([1], [1, 0])).toThrow(ProbeDataError);
});
