import { expect, test } from "vitest";
import { shownCsv, shownJson } from "./save.ts";
import { groupSeeds } from "./seed-groups.ts";
import { idOf, sampleBoard } from "./testing/sample-board.ts";

const board = sampleBoard([
  { name: '=evil("x")', run: "r-s1", family: "F", step: 1, loss: 1.25, tier: 1, accuracy: 0.5 },
  { name: "b", run: "r-s2", family: "F", step: 1, loss: 1.75 },
]);
const columns = ["loss", "task:parity", "run", "added"].map((id) => board.column(id)!);
const link = "https://board.example/boards/small@1";

test("rows as they are shown, in CSV that spreadsheets take for nothing else", () => {
  const lines = shownCsv({ board, columns, items: Int32Array.of(1, 0), link }).split("\r\n");
  expect(lines).toEqual([
    "checkpoint,name,seeds,loss,loss standard error,loss tier,task:parity,task:parity standard error,task:parity tier,run,added",
    `${idOf(1)},b,1,1.75,0.01,,,0.01,,r-s2,2026-01-02T00:00:00.000Z`,
    `${idOf(0)},"'=evil(""x"")",1,1.25,0.01,1,0.5,0.01,,r-s1,2026-01-01T00:00:00.000Z`,
    "",
  ]);
});

test("seeds in one row have a mean and a standard deviation", () => {
  const items = groupSeeds(board, Int32Array.of(0, 1));
  const {
    rows,
    suite,
    link: written,
  } = JSON.parse(shownJson({ board, columns, items, link })) as {
    suite: string;
    link: string;
    rows: Record<string, unknown>[];
  };
  expect([suite, written]).toEqual(["small@1", link]);
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({
    checkpoints: [idOf(0), idOf(1)],
    loss: { mean: 1.5, standardDeviation: Math.sqrt(0.125) },
    "task:parity": { mean: 0.5, standardDeviation: null },
    run: null,
  });
  expect(shownCsv({ board, columns, items, link })).toContain(`${idOf(0)} ${idOf(1)},r-s*,2,1.5,`);
});

test("JSON of single rows has errors and tiers", () => {
  const { rows } = JSON.parse(shownJson({ board, columns, items: Int32Array.of(0), link })) as {
    rows: Record<string, unknown>[];
  };
  expect(rows[0]!["loss"]).toEqual({ value: 1.25, standardError: 0.01, tier: 1 });
});
