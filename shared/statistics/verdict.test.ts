import { expect, test } from "vitest";
import type { Coefficient } from "./coefficient.ts";
import { judge } from "./verdict.ts";

const found: Coefficient = { value: -0.7, interval: [-0.9, -0.3], pValue: 0.004, reason: null };

test("a direction is claimed only on evidence, and plainly when it is the other one", () => {
  expect(judge(found, "negative")).toEqual({
    verdict: "predicts",
    reason: "the correlation is negative, p = 0.0040",
  });
  expect(judge(found, "positive").verdict).toBe("reversed");
});

test("without evidence it says so, and why", () => {
  const undecided = (change: Partial<Coefficient>, adjusted?: number | null) => {
    const { verdict, reason } = judge({ ...found, ...change }, "negative", adjusted);
    expect(verdict).toBe("undecided");
    return reason;
  };
  expect(undecided({ interval: [-0.9, 0.1] })).toBe("the 95 % interval covers 0");
  expect(undecided({ pValue: 0.2 })).toBe("p = 0.20, above 0.05");
  expect(undecided({}, 0.08)).toBe("p = 0.080, above 0.05");
  expect(undecided({ interval: null, pValue: null, reason: "4 runs" })).toBe("4 runs");
  expect(undecided({ value: null, interval: null, pValue: null, reason: "x is constant" })).toBe(
    "undefined: x is constant",
  );
});
