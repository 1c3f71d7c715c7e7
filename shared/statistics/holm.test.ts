import fc from "fast-check";
import { expect, test } from "vitest";
import reference from "../../test/support/statistics-reference.json" with { type: "json" };
import { holm } from "./holm.ts";

test("by hand: 4 · 0.005, 3 · 0.01, 2 · 0.03, and 0.04 not below the one before", () => {
  const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
  [0.03, 0.06, 0.06, 0.02].forEach((expected, i) => expect(adjusted[i]).toBeCloseTo(expected, 12));
});

test("statsmodels' values, ties included", () => {
  const adjusted = holm(reference.holm.pValues);
  reference.holm.adjusted.forEach((expected, i) => expect(adjusted[i]).toBeCloseTo(expected, 12));
});

test("tests that could not be made do not count", () => {
  expect(holm([null, 0.02, null, 0.6])).toEqual([null, 0.04, null, 0.6]);
  expect(holm([])).toEqual([]);
});

test("refuses what is no probability", () => {
  for (const p of [NaN, -0.1, 1.1]) expect(() => holm([0.5, p])).toThrow("p-value 1 is");
});

test("never below the p-value, never above Bonferroni's, in the same order", () => {
  const probability = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(probability, { minLength: 1, maxLength: 20 }), (pValues) => {
      const adjusted = holm(pValues) as number[];
      pValues.forEach((p, i) => {
        expect(adjusted[i]).toBeGreaterThanOrEqual(p);
        expect(adjusted[i]).toBeLessThanOrEqual(Math.min(1, p * pValues.length));
        pValues.forEach((other, j) => {
          if (p < other) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]!);
        });
      });
    }),
    { seed: 1 },
  );
});
