import { expect, test } from "vitest";
import { studentTCdf, studentTQuantile } from "./student-t.ts";

// Table of the distribution's percentage points.
test.each([
  [0.975, 1, 12.7062],
  [0.975, 4, 2.776445],
  [0.95, 10, 1.812461],
  [0.995, 30, 2.749996],
  [0.975, 1e7, 1.959964],
  [0.025, 4, -2.776445],
])("quantile %f at %f degrees of freedom is %f", (p, degrees, expected) => {
  expect(studentTQuantile(p, degrees)).toBeCloseTo(expected, 4);
});

test("the quantile inverts the distribution, also at fractional degrees", () => {
  for (const degrees of [0.7, 3.3, 57.9]) {
    for (const p of [0.01, 0.3, 0.5, 0.9])
      expect(studentTCdf(studentTQuantile(p, degrees), degrees)).toBeCloseTo(p, 10);
  }
});

test("one degree of freedom is the Cauchy distribution", () => {
  expect(studentTCdf(1, 1)).toBeCloseTo(0.75, 12);
});

test("refuses what has no quantile", () => {
  expect(() => studentTQuantile(1, 3)).toThrow(RangeError);
  expect(() => studentTQuantile(0.9, 0)).toThrow(RangeError);
});
