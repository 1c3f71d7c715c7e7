import { expect, test } from "vitest";
import type { ComparisonOfCheckpoints } from "../../../../shared/api/compare.ts";
import {
  differenceOf,
  differenceText,
  differentLoss,
  equalLoss,
  intervalText,
  lossScore,
  pValueText,
  type Score,
} from "./differences.ts";

const pair = {
  ...{ first: "a", second: "b", method: "paired" as const, difference: 13.21, standardError: 1.27 },
  ...{ interval: [10.7, 15.8] as [number, number], pValue: 1e-9, adjustedPValue: 1e-8, reason: null },
};
const score: Score = { score: "fisher-trace", better: "lower", pairs: [pair] };

test("the same pair from either side", () => {
  const b = differenceOf(score, "a", "b")!;
  expect(b).toMatchObject({ value: -13.21, interval: [-15.8, -10.7], verdict: "better" });
  const a = differenceOf(score, "b", "a")!;
  expect(a).toMatchObject({ value: 13.21, interval: [10.7, 15.8], verdict: "worse" });
  expect(differenceOf({ ...score, better: "higher" }, "b", "a")!.verdict).toBe("better");
  expect(differenceOf(score, "a", "c")).toBeNull();
});

test("in words and numbers", () => {
  const b = differenceOf(score, "a", "b")!;
  expect(differenceText(b)).toBe("−13.2 ± 1.3");
  expect(intervalText(b)).toBe("−15.8 to −10.7");
  expect(differenceText({ ...b, value: 0.0123, standardError: 0.005 }, 100)).toBe("+1.23 ± 0.50");
  expect(differenceText({ ...b, value: null })).toBe("–");
  expect(pValueText(1e-9)).toBe("p < 0.001");
  expect(pValueText(0.04)).toBe("p = 0.040");
});

test("without a small adjusted p-value nothing is claimed", () => {
  const unclear = { ...score, pairs: [{ ...pair, adjustedPValue: 0.2 }] };
  expect(differenceOf(unclear, "a", "b")!.verdict).toBe("unclear");
  const undefinedOne = {
    ...score,
    pairs: [{ ...pair, difference: null, standardError: null, interval: null, adjustedPValue: null }],
  };
  expect(differenceOf(undefinedOne, "a", "b")).toMatchObject({ value: null, verdict: "unclear" });
});

test("equal loss: the difference and its error fit within 0.01 nats", () => {
  expect(equalLoss({ value: 0.004, standardError: 0.003 })).toBe(true);
  expect(equalLoss({ value: -0.005, standardError: 0.003 })).toBe(false);
  expect(equalLoss({ value: 0, standardError: 0.02 })).toBe(false);
  expect(equalLoss({ value: null, standardError: null })).toBe(false);
  expect(differentLoss({ value: -0.02, standardError: 0.003 })).toBe(true);
  expect(differentLoss({ value: 0.012, standardError: 0.003 })).toBe(false);
  expect(differentLoss({ value: null, standardError: null })).toBe(false);
});

test("loss is matched by excess loss only where all have it", () => {
  const row = (excess: number | null) => ({ measures: { "excess-loss": { value: excess } } });
  const answer = (values: (number | null)[]) =>
    ({
      scores: [{ score: "excess-loss" }],
      checkpoints: values.map(row),
    }) as unknown as ComparisonOfCheckpoints;
  expect(lossScore(answer([0.1, 0.2]))).toBe("excess-loss");
  expect(lossScore(answer([0.1, null]))).toBe("loss");
});
