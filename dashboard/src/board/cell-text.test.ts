import { expect, test } from "vitest";
import { cellText, padding, scoreText, scoreWidth } from "./cell-text.ts";
import { sampleBoard } from "./testing/sample-board.ts";

test("values and errors as the command line shows them", () => {
  expect(scoreText({ kind: "measure" }, 181.04, 9.27)).toEqual(["181.0", "9.3"]);
  expect(scoreText({ kind: "task" }, 0.8715, 0.0075)).toEqual(["87.15", "0.75"]);
  expect(scoreText({ kind: "task" }, 1, 0)).toEqual(["100", ""]);
  expect(scoreText({ kind: "measure" }, NaN, NaN)).toEqual(["–", ""]);
});

test("points stand under each other", () => {
  expect(padding("117.2", 2)).toBe("0");
  expect(padding("1940", 2)).toBe(".00");
  expect(padding("49.98", 2)).toBe("");
  expect(padding("–", 2)).toBe("");
  expect(padding("1.2e+9", 2)).toBe("");
});

const board = sampleBoard([
  {
    name: "a",
    run: "r",
    fisher: 117.24,
    loss: 0.0296,
    lossError: 0.0012,
    accuracy: 0.5,
    parameters: 58_382,
    step: 8000,
  },
  { name: "b", fisher: 9.5, loss: 12.5, lossError: 0.00065 },
  { name: "c", fisher: null, loss: null },
]);

test("cells of every kind", () => {
  const text = (id: string, row = 0) => cellText(board.column(id)!, row);
  expect(["name", "run", "parameters", "step", "loss", "task:parity", "added"].map((id) => text(id))).toEqual(
    [...["a", "r", "58.4k", "8,000", "0.0296 ± 0.0012", "50.0 ± 1.0", "2026-01-01"]],
  );
  expect(["run", "step", "loss", "task:parity"].map((id) => text(id, 2))).toEqual(["–", "–", "–", "–"]);
});

test("a column is as wide as its longest value with all its decimals", () => {
  expect(scoreWidth(board.column("loss")!)).toEqual({ decimals: 5, value: 8, error: 7 });
  expect(scoreWidth(sampleBoard([]).loss)).toEqual({ decimals: 0, value: 1, error: 0 });
});
