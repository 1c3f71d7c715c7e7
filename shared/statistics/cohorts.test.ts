import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lossMatchedCohorts, pairedErrors, type CohortInput } from "./cohorts.ts";

const exact: CohortInput["pairedError"] = () => 0;
const members = (input: CohortInput) => lossMatchedCohorts(input).cohorts.map((cohort) => cohort.members);

describe("windows of equal loss", () => {
  test("by hand: sliding over the sorted losses, a checkpoint in several", () => {
    const loss = [2.02, 2.0, 2.004, 2.012, 2.009, 2.5];
    const { cohorts, largest, unmatched } = lossMatchedCohorts({ loss, pairedError: exact });
    expect(cohorts).toEqual([
      { members: [1, 2, 4], lowest: 2.0, highest: 2.009 },
      { members: [2, 4, 3], lowest: 2.004, highest: 2.012 },
    ]);
    expect(largest).toEqual(cohorts[0]);
    expect(unmatched.map(({ index }) => index)).toEqual([0, 5]);
    expect(unmatched[0]!.reason).toContain("fewer than 3");
    expect(unmatched[1]!.reason).toContain("no other loss");
  });

  test("the difference and 1.96 of its errors must be within the tolerance", () => {
    const loss = [2, 2.004, 2.008];
    const withError = (error: number) => members({ loss, pairedError: () => error });
    expect(withError(0.001)).toEqual([[0, 1, 2]]);
    // 0.008 + 1.96 · 0.0011 is above 0.01: neither three together, nor noise rewarded.
    expect(withError(0.0011)).toEqual([]);
    expect(members({ loss: [2, 2.005, 2.01], pairedError: exact })).toEqual([[0, 1, 2]]);
    expect(members({ loss, pairedError: () => null })).toEqual([]);
    expect(members({ loss, pairedError: exact, tolerance: 0.005 })).toEqual([]);
  });

  test("a checkpoint with a large error does not tear the others apart", () => {
    const pairedError = (i: number, j: number) => (i === 2 || j === 2 ? 0.1 : 0.0001);
    const loss = [2, 2.001, 2.002, 2.003, 2.004];
    expect(members({ loss, pairedError })).toEqual([[0, 1, 3, 4]]);
  });

  test("undefined losses are named", () => {
    const { cohorts, unmatched } = lossMatchedCohorts({ loss: [null, 1, 1, 1], pairedError: exact });
    expect(cohorts.map((cohort) => cohort.members)).toEqual([[1, 2, 3]]);
    expect(unmatched).toEqual([{ index: 0, reason: "its loss is undefined" }]);
    expect(lossMatchedCohorts({ loss: [], pairedError: exact })).toEqual({
      cohorts: [],
      largest: null,
      unmatched: [],
    });
  });

  test("refuses what is no loss, error or tolerance", () => {
    expect(() => members({ loss: [1, NaN], pairedError: exact })).toThrow("NaN");
    expect(() => members({ loss: [1, 1], pairedError: () => -1 })).toThrow("expected 0 or more");
    expect(() => members({ loss: [1], pairedError: exact, tolerance: 0 })).toThrow("tolerance");
  });
});

// Differences (0, 2, 1) of summed losses over 2 + 1 + 1 tokens: d = 3/4, residuals −1.5, 1.25, 0.25;
// error² = 3/2 · 3.875 / 16.
test("paired errors are those of the ratio of summed losses to tokens", () => {
  const error = pairedErrors([[3, 3, 2], [3, 1, 1], null], { weights: [2, 1, 1] });
  expect(error(0, 1)).toBeCloseTo(Math.sqrt((1.5 * 3.875) / 16), 12);
  expect(error(0, 2)).toBeNull();
  expect(() => pairedErrors([[1, 2], [1]])).toThrow("examples[1] has 1");
});

test("cohorts match in every pair, and none can be extended at its ends", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 25 }),
      fc.integer({ min: 0, max: 1000 }),
      (steps, salt) => {
        const loss = steps.map((step) => 2 + step / 1000);
        const pairedError = (i: number, j: number) => (((i + 1) * (j + 1) * salt) % 7) / 2000;
        const matches = (i: number, j: number) =>
          Math.abs(loss[i]! - loss[j]!) + 1.96 * pairedError(i, j) <= 0.01 + 1e-12;
        const { cohorts, unmatched } = lossMatchedCohorts({ loss, pairedError });
        const all = loss.map((_, i) => i);
        const order = all
          .filter((i) => all.some((j) => j !== i && matches(i, j)))
          .sort((i, j) => loss[i]! - loss[j]!);
        for (const cohort of cohorts) {
          const start = order.indexOf(cohort.members[0]!);
          const end = start + cohort.members.length;
          expect(order.slice(start, end)).toEqual(cohort.members);
          const fits = (added: number) => cohort.members.every((i) => matches(i, added));
          for (const i of cohort.members)
            for (const j of cohort.members) if (i !== j) expect(matches(i, j)).toBe(true);
          if (start > 0) expect(fits(order[start - 1]!)).toBe(false);
          if (end < order.length) expect(fits(order[end]!)).toBe(false);
        }
        const placed = cohorts.flatMap((cohort) => cohort.members);
        expect(new Set([...placed, ...unmatched.map(({ index }) => index)]).size).toBe(loss.length);
      },
    ),
    { seed: 4 },
  );
});
