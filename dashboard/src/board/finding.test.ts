import { expect, test } from "vitest";
import { finding, signed, type FindingInput } from "./finding.ts";

const fisher = { id: "fisher-trace", label: "Fisher trace", kind: "measure", better: "lower" } as const;
const task = { id: "task:task-A", label: "task-A", kind: "task", better: "higher" } as const;
const size = { id: "parameters", label: "Size", kind: "count", better: null } as const;

const input = (found: FindingInput["found"], more: Partial<FindingInput> = {}): FindingInput => ({
  x: fisher,
  y: task,
  found,
  checkpoints: 14,
  runs: 8,
  equalLoss: true,
  ...more,
});

test("an interval that covers 0 says nothing, however large the coefficient", () => {
  const { says, sentence } = finding(input({ value: -0.85, interval: [-1, 0.02], reason: null }));
  expect(says).toBe("none");
  expect(sentence).toBe(
    "Among 14 checkpoints of equal loss from 8 independent runs, whether Fisher trace and task-A go together cannot be told: " +
      "the 95 % interval of Spearman’s ρ, −1.00 to 0.02, covers 0.",
  );
});

test("what is missing is said", () => {
  const reason = "no interval: 4 independent runs, at least 5 are needed";
  const { says, sentence } = finding(input({ value: -0.85, interval: null, reason }, { runs: 4 }));
  expect(says).toBe("none");
  expect(sentence).toContain("cannot be told: no interval: 4 independent runs");
});

test("a direction is named as it is", () => {
  const apart = finding(input({ value: -0.7, interval: [-0.9, -0.2], reason: null }));
  expect(apart.says).toBe("apart");
  expect(apart.sentence).toContain(
    "lower Fisher trace goes with higher task-A (flatter goes with better): Spearman’s ρ −0.70",
  );
  const together = finding(input({ value: 0.7, interval: [0.2, 0.9], reason: null }, { equalLoss: false }));
  expect(together.sentence).toContain(
    "Among 14 checkpoints from 8 independent runs, lower Fisher trace goes with lower task-A (flatter goes with worse)",
  );
  const other = finding(input({ value: 0.7, interval: [0.2, 0.9], reason: null }, { x: size }));
  expect(other.sentence).toContain("lower size goes with lower task-A: Spearman’s");
});

test("one thing against itself says nothing", () => {
  expect(finding(input({ value: 1, interval: null, reason: "x" }, { y: fisher })).says).toBe("none");
});

test("signs", () => {
  expect([-0.001, 0.5, -1].map(signed)).toEqual(["0.00", "0.50", "−1.00"]);
});
