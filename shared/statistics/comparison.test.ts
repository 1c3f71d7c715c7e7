import { describe, expect, test } from "vitest";
import reference from "../../test/support/statistics-reference.json" with { type: "json" };
import { normalSource } from "../../test/support/random.ts";
import { comparePaired, compareUnpaired, pairedComparison } from "./comparison.ts";
import { normalCdf } from "./normal.ts";

/** 1e-9 relative to the expected value, or absolute where that is 0. */
function near(value: number | null, expected: number): void {
  expect(value).not.toBeNull();
  expect(Math.abs(value! - expected)).toBeLessThanOrEqual(1e-9 * Math.max(Math.abs(expected), 1e-3));
}

test("SciPy's normal distribution, tails too", () => {
  for (const [u, expected] of reference.normal)
    expect(Math.abs(normalCdf(u!) / expected! - 1)).toBeLessThan(1e-12);
});

describe("paired", () => {
  // "Student" (Biometrika 1908): hours of sleep gained by ten patients with two drugs; t = 4.0621 with 9 degrees.
  test("Student's sleep data", () => {
    const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
    const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    const { difference, standardError, interval, pValue } = comparePaired(second, first);
    near(difference, 1.58);
    expect(difference / standardError!).toBeCloseTo(4.0621, 4);
    expect(pValue).toBeCloseTo(0.002833, 6);
    expect(interval![0]).toBeCloseTo(0.7001142, 6);
    expect(interval![1]).toBeCloseTo(2.4598858, 6);
  });

  test("made ready for many pairs, it says the same of each as it does of one", () => {
    const normal = normalSource(3);
    const lists = [0, 1, 2].map(() => Array.from({ length: 12 }, normal));
    const weights = lists[0]!.map((_, i) => 1 + (i % 2));
    const groups = lists[0]!.map((_, i) => (i < 3 ? undefined : `g${i % 4}`));
    for (const design of [{}, { weights }, { groups }, { weights, groups }]) {
      const compare = pairedComparison(12, design);
      for (const a of lists) {
        for (const b of lists) expect(compare(a, b)).toEqual(comparePaired(a, b, design));
      }
    }
    expect(() => pairedComparison(3, { weights: [1, 2] })).toThrow("weights has 2 entries");
  });

  test.each(reference.paired)("SciPy's and statsmodels' values, case %#", (known) => {
    // A weighted regression on a constant is the ratio Σ differences / Σ weights.
    const found = comparePaired(known.a, known.b, { weights: known.weights, groups: known.groups });
    near(found.difference, known.difference);
    near(found.standardError, known.standardError);
    near(found.pValue, known.pValue);
    near(found.interval![0], known.interval[0]!);
    near(found.interval![1], known.interval[1]!);
  });

  test("differences all alike are judged by their signs", () => {
    const ones = new Array<number>(8).fill(1);
    const zeros = new Array<number>(8).fill(0);
    expect(comparePaired(ones, zeros)).toMatchObject({ difference: 1, standardError: 0, pValue: 2 ** -7 });
    expect(comparePaired(ones, ones)).toMatchObject({ difference: 0, pValue: 1, interval: [0, 0] });
    const many = new Array<number>(3000);
    expect(comparePaired(many.fill(1), new Array<number>(3000).fill(0)).pValue).toBeGreaterThan(0);
  });

  test("examples of one group leave no error", () => {
    const { difference, pValue, reason } = comparePaired([1, 2, 4], [1, 1, 1], { groups: ["a", "a", "a"] });
    near(difference, 4 / 3);
    expect(pValue).toBeNull();
    expect(reason).toContain("one group");
  });

  test("refuses what is not aligned", () => {
    expect(() => comparePaired([1, 2], [1])).toThrow("b has 1 entries and a 2");
    expect(() => comparePaired([1, NaN], [1, 2])).toThrow("a[1] is NaN");
    expect(() => comparePaired([], [])).toThrow("no examples");
    expect(() => comparePaired([1, 2], [1, 2], { weights: [1] })).toThrow("weights has 1");
    expect(() => comparePaired([1, 2], [1, 2], { weights: [0, 0] })).toThrow("at least one must be positive");
    expect(() => comparePaired([1, 2], [1, 2], { weights: [2, -1] })).toThrow("not be negative");
    expect(() => comparePaired([1, 2], [1, 2], { groups: ["a"] })).toThrow("groups has 1");
  });

  test("the p-value is below 5 % in 5 % of equal checkpoints, clustered by group", () => {
    const normal = normalSource(8);
    let significant = 0;
    const repeats = 2000;
    const groups = Array.from({ length: 40 }, (_, i) => `${i >> 2}`);
    for (let i = 0; i < repeats; i++) {
      const shared = Array.from({ length: 10 }, normal);
      const a = groups.map((group) => normal() + shared[Number(group)]!);
      const b = groups.map(normal);
      if (comparePaired(a, b, { groups }).pValue! <= 0.05) significant++;
    }
    expect(significant / repeats).toBeGreaterThan(0.03);
    expect(significant / repeats).toBeLessThan(0.07);
  });
});

describe("unpaired", () => {
  test.each(reference.welch)("SciPy's values, case %#", ({ a, b, pValue }) => {
    near(compareUnpaired(a, b).pValue, pValue);
  });

  test("without degrees of freedom the normal distribution is used", () => {
    const { standardError, pValue, interval } = compareUnpaired(
      { value: 5 * 1.959963984540054, standardError: 3 },
      { value: 0, standardError: 4 },
    );
    near(standardError, 5);
    near(pValue, 0.05);
    expect(interval![0]).toBeCloseTo(0, 9);
  });

  test("no error, no verdict", () => {
    const none = compareUnpaired({ value: 1, standardError: null }, { value: 2, standardError: 1 });
    expect(none).toMatchObject({ difference: -1, pValue: null, reason: "a standard error is missing" });
    const exact = compareUnpaired({ value: 1, standardError: 0 }, { value: 2, standardError: 0 });
    expect(exact).toMatchObject({ pValue: null, reason: "both standard errors are 0" });
    const tiny = compareUnpaired({ value: 1, standardError: 1e-200 }, { value: 1, standardError: 0 });
    expect(tiny).toMatchObject({ standardError: 1e-200, pValue: 1 });
    const noDegrees = { value: 1, standardError: 1, degrees: 0 };
    expect(() => compareUnpaired(noDegrees, noDegrees)).toThrow("Degrees of freedom are 0");
    const negative = { value: 1, standardError: -1 };
    expect(() => compareUnpaired(negative, negative)).toThrow("A standard error is -1");
  });
});
