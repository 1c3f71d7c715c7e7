/** Every number here was worked out by hand. */
import { expect, test } from "vitest";
import { estimate, populationError } from "./estimate.ts";
import type { Tally } from "./tally.ts";

const tally = (tokens: number[], directions: number[], unitSize = 1): Tally => ({
  firstExample: 0,
  firstDirection: 0,
  unitSize,
  tokens,
  loss: tokens.map(() => 0),
  excess: null,
  directions,
  exact: {},
  measures: {},
});

test("two directions an example, one token each", () => {
  // h = (1, 3), (2, 2), (6, 8): means 2, 2, 7, spreads 2, 0, 2.
  const { value, ...errors } = estimate(tally([1, 1, 1], [2, 2, 2]), {
    sum: [4, 4, 14],
    squares: [10, 8, 100],
  });
  expect(value).toBeCloseTo(11 / 3, 12);
  // Residuals −5/3, −5/3, 10/3: Σ² = 150/9; 3/2 of it over 9.
  expect(errors.standardError).toBeCloseTo(5 / 3, 12);
  expect(errors.standardDegrees).toBe(2);
  // (1 + 0 + 1)/9; (1 + 1)²/(1 + 1).
  expect(errors.directionError).toBeCloseTo(Math.sqrt(2) / 3, 12);
  expect(errors.directionDegrees).toBeCloseTo(2, 12);
  expect(errors.largestShare).toBeCloseTo(7 / 11, 12);
});

test("several tokens an example: a ratio of sums", () => {
  // Means 4 and 2 over 3 and 1 tokens.
  const found = estimate(tally([3, 1], [3, 3]), { sum: [12, 6], squares: [56, 14] });
  expect(found.value).toBe(1.5);
  // Residuals 4 − 4.5 and 2 − 1.5: 2/1 · (0.25 + 0.25)/16.
  expect(found.standardError).toBeCloseTo(0.25, 12);
  // Spreads (56 − 48)/2 = 4 and (14 − 12)/2 = 1, each over 3 directions: 5/3 over 16.
  expect(found.directionError).toBeCloseTo(Math.sqrt(5 / 3) / 4, 12);
  // (4/3 + 1/3)² / ((16/9 + 1/9)/2).
  expect(found.directionDegrees).toBeCloseTo(50 / 17, 12);
});

test("one direction an example, of which some draw two", () => {
  // h = (1, 3), 5, (4, 8), 2: means 2, 5, 6, 2; spreads 2 and 8 of the two that have two directions.
  const found = estimate(tally([1, 1, 1, 1], [2, 1, 2, 1]), { sum: [4, 5, 12, 2], squares: [10, 25, 80, 4] });
  expect(found.value).toBe(15 / 4);
  // [(2 + 8)/2 + (4 − 2) · 5]/16.
  expect(found.directionError).toBeCloseTo(Math.sqrt(15) / 4, 12);
  expect(found.directionDegrees).toBeCloseTo((1 + 4) ** 2 / (1 + 16), 12);
});

test("one direction an example: nothing is known of direction noise", () => {
  const found = estimate(tally([1, 1], [1, 1]), { sum: [1, 2], squares: [1, 4] });
  expect(found).toMatchObject({ value: 1.5, directionError: null, directionDegrees: 0 });
});

test("examples that share directions count as one draw", () => {
  // Units {0, 1}, {2}: sums over the unit are (3, 5) and (1, 3).
  const found = estimate(tally([1, 1, 1], [2, 2, 2], 2), { sum: [5, 3, 4], squares: [34, 10] });
  expect(found.value).toBeCloseTo((2.5 + 1.5 + 2) / 3, 12);
  // Spreads 34 − 64/2 and 10 − 16/2, over 2 directions: (1 + 1)/9.
  expect(found.directionError).toBeCloseTo(Math.sqrt(2) / 3, 12);
});

test("examples of a group count as one draw of the population", () => {
  const [means, tokens] = [
    [2, 4, 1, 5],
    [1, 1, 1, 1],
  ];
  // Residuals −1, 1, −2, 2.
  expect(populationError(means, tokens, 3, 4)).toEqual({
    standardError: Math.sqrt((4 / 3) * 10) / 4,
    standardDegrees: 3,
  });
  // Groups {0, 3}: 1; {1}: 1; {2}: −2, the last two without a label.
  const grouped = populationError(means, tokens, 3, 4, ["a", undefined, undefined, "a"]);
  expect(grouped.standardError).toBeCloseTo(Math.sqrt((3 / 2) * 6) / 4, 12);
  expect(grouped.standardDegrees).toBe(2);
  // A label that looks like an example's number is no example.
  expect(populationError(means, tokens, 3, 4, ["1", undefined, undefined, undefined])).toEqual(
    populationError(means, tokens, 3, 4),
  );
  const all = populationError(means, tokens, 3, 4, ["a", "a", "a", "a"]);
  expect(all).toEqual({ standardError: null, standardDegrees: 0 });
});

test("values that are negative, or vanish", () => {
  const negative = estimate(tally([1, 1], [2, 2]), { sum: [-6, 2], squares: [18, 2] });
  expect(negative.value).toBe(-1);
  expect(negative.largestShare).toBe(1.5);
  // No spread at all: as many degrees as examples, no error.
  expect(negative).toMatchObject({ directionError: 0, directionDegrees: 2 });
  expect(estimate(tally([1, 1], [1, 1]), { sum: [-1, 1], squares: [1, 1] }).largestShare).toBe(0);
});

test("what is exact comes on top, without direction noise", () => {
  const random = { sum: [4, 4, 14], squares: [10, 8, 100] };
  const found = estimate(tally([1, 1, 1], [2, 2, 2]), random, { exact: [10, 20, 3] });
  // Means 2, 2, 7 and the exact parts.
  expect(found.value).toBeCloseTo(44 / 3, 12);
  expect(found.directionError).toBeCloseTo(Math.sqrt(2) / 3, 12);
  // Residuals 12 − 44/3, 22 − 44/3, 10 − 44/3: Σ² = (64 + 484 + 196)/9; 3/2 of it over 9.
  expect(found.standardError).toBeCloseTo(Math.sqrt((1.5 * 744) / 81), 12);
  expect(found.largestShare).toBeCloseTo(22 / 44, 12);
});

test("all is exact: no directions, no direction error", () => {
  const found = estimate(tally([1, 3], [0, 0]), { sum: [0, 0], squares: [0, 0] }, { exact: [2, 6] });
  expect(found).toMatchObject({
    value: 2,
    directionError: 0,
    directionDegrees: Infinity,
    largestShare: 0.75,
  });
  expect(found.standardError).toBe(0);
});
