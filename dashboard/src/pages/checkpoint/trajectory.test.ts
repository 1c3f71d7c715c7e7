import { expect, test } from "vitest";
import { trajectoryOf } from "./trajectory.ts";

const described = (id: string) => ({
  id,
  label: id,
  description: "",
  unit: "nats",
  better: "lower" as const,
});
const suite = {
  measures: ["loss", "hessian-trace"].map(described),
  tasks: [
    {
      ...{ id: "A", kind: "probe" as const, title: "Task A", description: "" },
      summary: "",
      chance: 0.5,
      items: 9,
    },
  ],
};

/** Losses are their positions. */
const rowsOf = (runs: readonly (string | null)[], steps: readonly (number | null)[]) =>
  runs.map((run, i) => ({
    ...{ checkpoint: `id-${i}`, run, step: steps[i]! },
    measures: {
      loss: { value: i, standardError: null, directionError: 0.1 },
      "hessian-trace": { value: null, reason: "no step suits it" },
    },
    tasks: {
      A: {
        ...{ value: 0.5 + i / 100, standardError: 0.01, trainingError: null },
        gainOverWords: null,
        gainOverRandom: null,
      },
    },
  }));

test("a run's checkpoints by step, with the one that was asked for marked", () => {
  const found = trajectoryOf(rowsOf(["a", "b", "a", "a"], [3000, 100, 2000, null]), "id-0", suite)!;
  expect(found).toMatchObject({ run: "a", left: 0 });
  expect(found.steps).toEqual([
    { id: "id-2", step: 2000, label: "2,000" },
    { id: "id-0", step: 3000, label: "3,000" },
  ]);
  expect(found.scores.map(({ id, label, factor }) => [id, label, factor])).toEqual([
    ["loss", "loss", 1],
    ["task:A", "Task A", 100],
  ]);
  const [loss, task] = found.scores;
  expect(loss!.points.map(({ x, y, error, marked }) => [x, y, error, marked])).toEqual([
    [2000, 2, 0.1, false],
    [3000, 0, 0.1, true],
  ]);
  expect(task!.cells).toEqual(["52.0 ± 1.0", "50.0 ± 1.0"]);
  expect(task!.points[0]!.text).toBe("step 2,000: 52.0 ± 1.0 %");
});

test("of several at one step the one that was asked for is shown, else the first", () => {
  const twice = rowsOf(["a", "a", "a", "a"], [100, 100, 200, 200]);
  const shown = (id: string) => trajectoryOf(twice, id, suite)!;
  expect(shown("id-1").steps.map(({ id }) => id)).toEqual(["id-1", "id-2"]);
  expect(shown("id-3").steps.map(({ id }) => id)).toEqual(["id-0", "id-3"]);
  expect(shown("id-3").left).toBe(2);
});

test.each([
  ["has no run", [null, "a"], [1, 2]],
  ["has no step", ["a", "a"], [null, 2]],
  ["stands alone", ["a", "b"], [1, 2]],
  ["shares its step", ["a", "a"], [1, 1]],
])("no trajectory of a checkpoint that %s", (_, runs, steps) => {
  expect(trajectoryOf(rowsOf(runs, steps), "id-0", suite)).toBeNull();
});

test("a checkpoint that is not on the board has none", () => {
  expect(trajectoryOf(rowsOf(["a"], [1]), "gone", suite)).toBeNull();
});
