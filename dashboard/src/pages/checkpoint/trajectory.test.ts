import { expect, test } from "vitest";
import type { BoardData } from "../../board/board-data.ts";
import { floats, type Column } from "../../board/column.ts";
import { trajectoryOf } from "./trajectory.ts";

const column = (id: string, kind: Column["kind"], values: readonly (number | null)[]): Column => ({
  ...{ id, label: id, description: "", unit: null, kind, better: null, texts: null, tiers: null },
  numbers: floats(values),
  errors: kind === "measure" ? floats(values.map(() => 0.1)) : null,
});

function board(runs: readonly (string | null)[], steps: readonly (number | null)[]): BoardData {
  const ids = runs.map((_, i) => `id-${i}`);
  const columns = [
    column("step", "count", steps),
    column(
      "loss",
      "measure",
      runs.map((_, i) => i),
    ),
    column(
      "hessian-trace",
      "measure",
      runs.map(() => null),
    ),
  ];
  return {
    ids,
    rows: runs.length,
    rowOf: new Map(ids.map((id, i) => [id, i])),
    columns,
    column: (id: string) => columns.find((each) => each.id === id),
    run: {
      ...column(
        "run",
        "text",
        runs.map(() => null),
      ),
      texts: runs,
    },
  } as unknown as BoardData;
}

test("a run's checkpoints by step, with the one that was asked for marked", () => {
  const found = trajectoryOf(board(["a", "b", "a", "a"], [300, 100, 200, null]), "id-0")!;
  expect(found.rows).toEqual([2, 0]);
  expect(found.places.map(({ value }) => value)).toEqual([200, 300]);
  expect(found.charts.map(({ column }) => column.id)).toEqual(["loss"]);
  expect(found.charts[0]!.points.map(({ y, marked }) => [y, marked])).toEqual([
    [2, false],
    [0, true],
  ]);
});

test.each([
  ["has no run", [null, "a"], [1, 2]],
  ["has no step", ["a", "a"], [null, 2]],
  ["stands alone", ["a", "b"], [1, 2]],
  ["shares its step", ["a", "a"], [1, 1]],
])("no trajectory of a checkpoint that %s", (_, runs, steps) => {
  expect(trajectoryOf(board(runs, steps), "id-0")).toBeNull();
});

test("a checkpoint that is not on the board has none", () => {
  expect(trajectoryOf(board(["a"], [1]), "gone")).toBeNull();
});
