import fc from "fast-check";
import { describe, expect, test } from "vitest";
import reference from "../../test/support/statistics-reference.json" with { type: "json" };
import type { Correlation } from "./correlation.ts";
import { StatisticsInputError } from "./error.ts";
import { kendall } from "./kendall.ts";
import { partialPearson, partialSpearman } from "./partial.ts";
import { pearson } from "./pearson.ts";
import { averageRanks } from "./ranks.ts";
import { spearman } from "./spearman.ts";

const coefficients = { pearson, spearman, kendall };

/** The value, 1e-9 from `expected` at most. */
function expectValue({ value }: Correlation, expected: number): void {
  expect(value).not.toBeNull();
  expect(Math.abs(value! - expected)).toBeLessThan(1e-9);
}

describe("by hand", () => {
  // Deviations −1.5, −0.5, 0.5, 1.5 and −0.5, −1.5, 1.5, 0.5: products add up to 3, squares to 5. Two of six pairs discord.
  test("four values", () => {
    expectValue(pearson([1, 2, 3, 4], [2, 1, 4, 3]), 3 / 5);
    expectValue(spearman([1, 2, 3, 4], [2, 1, 4, 3]), 3 / 5);
    expectValue(kendall([1, 2, 3, 4], [2, 1, 4, 3]), 2 / 6);
  });

  // Pairs (1,2) (1,3) concord, (2,3) is tied in y: 2 / √(3 · 2).
  test("a tie lowers only the denominator of its own variable", () => {
    expectValue(kendall([1, 2, 3], [1, 2, 2]), 2 / Math.sqrt(6));
  });

  // x is 1 + 1.5 z + (−1, −1, 1, 1)/2 and y is −z + (0, −1, 1, 0): what z leaves correlates with 1 / √(1 · 2).
  test("what is held fixed is taken out", () => {
    expectValue(partialPearson([2, -1, 0, 3], [-1, 0, 2, -1], [1, -1, -1, 1]), 1 / Math.sqrt(2));
  });

  test("tied values share the mean of their ranks", () => {
    expect(averageRanks([10, 20, 20, 30])).toEqual([1, 2.5, 2.5, 4]);
    expect(averageRanks([5, 5, 5])).toEqual([2, 2, 2]);
    expect(averageRanks([])).toEqual([]);
  });
});

describe("published", () => {
  test("Anscombe's first data set (The American Statistician 1973): r = 0.816", () => {
    const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
    const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
    expectValue(pearson(x, y), 0.81642051634484);
  });

  test("law schools (Efron & Tibshirani, An Introduction to the Bootstrap, 1993): r = 0.776", () => {
    const lsat = [576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594];
    const gpa = [3.39, 3.3, 2.81, 3.03, 3.44, 3.07, 3, 3.43, 3.36, 3.13, 3.12, 2.74, 2.76, 2.88, 2.96];
    expect(pearson(lsat, gpa).value).toBeCloseTo(0.776, 3);
  });

  test("intelligence and television (Wikipedia, Spearman's rank correlation coefficient): ρ = −29/165", () => {
    const iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110];
    const hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17];
    expectValue(spearman(iq, hours), -29 / 165);
  });
});

test.each(reference.correlations)("SciPy's values, case %#", (known) => {
  expect(averageRanks(known.x)).toEqual(known.ranks);
  expectValue(pearson(known.x, known.y), known.pearson);
  expectValue(spearman(known.x, known.y), known.spearman);
  expectValue(kendall(known.x, known.y), known.kendall);
  expectValue(partialPearson(known.x, known.y, known.given), known.partialPearson);
  expectValue(partialSpearman(known.x, known.y, known.given), known.partialSpearman);
});

describe("undefined is null with a reason", () => {
  test.each(Object.entries(coefficients))("%s", (_, coefficient) => {
    expect(coefficient([], [])).toEqual({ value: null, reason: expect.stringContaining("only 0 values") });
    expect(coefficient([1, 2], [3, 4])).toEqual({ value: null, reason: expect.stringContaining("only 2") });
    expect(coefficient([0.1, 0.1, 0.1], [1, 2, 3])).toEqual({ value: null, reason: "x is constant" });
    expect(coefficient([1, 2, 3], [7, 7, 7])).toEqual({ value: null, reason: "y is constant" });
  });

  test("a partial correlation of what is already determined", () => {
    const z = [1, 2, 3, 5];
    const y = [4, 1, 3, 3];
    expect(partialPearson([2, 4, 6, 10], y, z).reason).toContain("x is a linear function");
    expect(partialPearson(y, [2, 4, 6, 10], z).reason).toContain("y is a linear function");
    expect(partialPearson(y, z, [1, 1, 1, 1]).reason).toContain("given is constant");
    expect(partialPearson([1, 2, 4], [1, 3, 2], [2, 1, 3]).reason).toContain("at least 4");
  });

  test("what is no number, or not aligned, is refused", () => {
    for (const coefficient of Object.values(coefficients)) {
      expect(() => coefficient([1, NaN, 3], [1, 2, 3])).toThrow("x[1] is NaN");
      expect(() => coefficient([1, 2, 3], [1, 2, Infinity])).toThrow(StatisticsInputError);
      expect(() => coefficient([1, 2, 3], [1, 2])).toThrow("y has 2 entries and x 3");
    }
  });
});

describe("always", () => {
  const pairs = fc.array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -20, max: 20 })), {
    minLength: 3,
    maxLength: 30,
  });
  const columns = (list: [number, number][]) =>
    [list.map(([x]) => x), list.map(([, y]) => y)] as [number[], number[]];
  const near = (a: Correlation, b: Correlation, sign = 1) =>
    a.value === null ? b.value === null : b.value !== null && Math.abs(a.value - sign * b.value) < 1e-12;

  test("symmetric, odd, in [−1, 1]", () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const [x, y] = columns(list);
        for (const coefficient of Object.values(coefficients)) {
          const found = coefficient(x, y);
          expect(near(found, coefficient(y, x))).toBe(true);
          expect(
            near(
              found,
              coefficient(
                x.map((v) => -v),
                y,
              ),
              -1,
            ),
          ).toBe(true);
          if (found.value !== null) expect(Math.abs(found.value)).toBeLessThanOrEqual(1);
        }
      }),
      { seed: 1 },
    );
  });

  test("rank correlations are the same after a rising map, Pearson's after a shift and scaling", () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const [x, y] = columns(list);
        const rising = x.map((v) => Math.exp(v / 4) - 3);
        expect(near(spearman(x, y), spearman(rising, y))).toBe(true);
        expect(near(kendall(x, y), kendall(rising, y))).toBe(true);
        expect(
          near(
            pearson(x, y),
            pearson(
              x.map((v) => 1000 * v),
              y,
            ),
          ),
        ).toBe(true);
      }),
      { seed: 2 },
    );
  });

  test("values of any size", () => {
    for (const scale of [1e-300, 1e300]) {
      const y = [1, 3, 2, 5].map((v) => v * scale);
      expectValue(pearson([1, 2, 3, 4], y), pearson([1, 2, 3, 4], [1, 3, 2, 5]).value!);
    }
  });
});
