import { expect, test } from "vitest";
import type { ComparisonOfCheckpoints } from "../../../../shared/api/compare.ts";
import { findingOf } from "./finding.ts";

const pair = (difference: number, standardError: number, adjustedPValue: number) => ({
  ...{ first: "b", second: "a", method: "paired" as const, difference, standardError, interval: null },
  ...{ pValue: adjustedPValue, adjustedPValue, reason: null },
});
const suite = {
  measures: ["loss", "excess-loss", "fisher-trace"].map((id) => ({
    ...{ id, label: id, description: "", unit: "", better: "lower" as const },
  })),
  tasks: [
    { id: "A", kind: "probe" as const, title: "Task A", description: "", summary: "", chance: 0, items: 1 },
  ],
};
const comparison = (excess: ReturnType<typeof pair>, fisher: ReturnType<typeof pair>) =>
  ({
    checkpoints: [1, 2].map(() => ({ measures: { "excess-loss": { value: 1 } } })),
    scores: [
      { score: "loss", better: "lower", pairs: [pair(-0.002, 0.001, 0.001)] },
      { score: "excess-loss", better: "lower", pairs: [excess] },
      { score: "fisher-trace", better: "lower", pairs: [fisher] },
      { score: "task:A", better: "higher", pairs: [pair(-0.1, 0.01, 1e-6)] },
    ],
  }) as unknown as ComparisonOfCheckpoints;

test("a sentence of what differs", () => {
  // A difference that is real, and too small to count.
  const told = findingOf(comparison(pair(0.004, 0.001, 0.001), pair(-5, 1, 0.001)), suite, "a", "b");
  expect(told).toBe("Equal loss; better in fisher-trace, worse in Task A.");
});

test("other losses are said first, and are a difference themselves", () => {
  const told = findingOf(comparison(pair(0.1, 0.001, 1e-9), pair(-5, 4, 0.6)), suite, "a", "b");
  expect(told).toBe("Different loss; worse in excess-loss and Task A.");
});

test("neither equal nor different is said of losses that are too uncertain for both", () => {
  const told = findingOf(comparison(pair(0.008, 0.004, 0.3), pair(-5, 4, 0.6)), suite, "a", "b");
  expect(told).toBe("Whether their loss is equal cannot be told; worse in Task A.");
});
