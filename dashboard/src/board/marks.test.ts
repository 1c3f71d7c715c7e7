import { expect, test } from "vitest";
import { marksOf, SHAPES } from "./marks.ts";
import { sampleBoard } from "./testing/sample-board.ts";

test("every category has a colour and a shape, in natural order; those without a name are grey and last", () => {
  const board = sampleBoard(["d9", null, "d10", "d9"].map((family, i) => ({ name: String(i), family })));
  const { categories, of, repeated } = marksOf(board.family);
  expect(categories.map(({ name, count }) => [name, count])).toEqual([
    ["d9", 2],
    ["d10", 1],
    [null, 1],
  ]);
  expect([...of]).toEqual([0, 2, 1, 0]);
  expect(categories[2]!.mark).toEqual({ colour: 8, shape: 0 });
  expect(repeated).toBe(false);
});

test("42 categories have 42 different marks", () => {
  const rows = Array.from({ length: 43 }, (_, i) => ({ name: String(i), family: `f${i}` }));
  const marks = marksOf(sampleBoard(rows.slice(0, 42)).family).categories.map(({ mark }) =>
    JSON.stringify(mark),
  );
  expect(new Set(marks).size).toBe(7 * SHAPES.length);
  expect(marksOf(sampleBoard(rows).family).repeated).toBe(true);
});
