import { expect, test } from "vitest";
import { argmax, entropyOf } from "./language.ts";

test("entropy in nats", () => {
  expect(entropyOf([0.25, 0.25, 0.25, 0.25])).toBeCloseTo(Math.log(4), 15);
  expect(entropyOf([0.5, 0, 0.25, 0.25])).toBeCloseTo(1.5 * Math.LN2, 15);
  expect(entropyOf([0, 1, 0])).toBe(0);
});

test("argmax takes the first of equals", () => {
  expect(argmax([1, 3, 3, 2])).toBe(1);
  expect(argmax(new Float64Array([-2, -1]))).toBe(1);
});
