import { expect, test } from "vitest";
import { heights, pieces, type Point } from "./series.ts";

const mark = { colour: 1, shape: 0 };
const point = (x: number, y: number, error = NaN): Point => ({ x, y, error, text: "" });

test("heights hold points, errors and levels", () => {
  const series = [{ name: "a", mark, points: [point(0, 0.5, 0.1), point(1, NaN), point(2, 0.7)] }];
  const axis = heights(series, [{ name: "chance", y: 0.2, dashes: "" }], 100)!;
  for (const value of [0.2, 0.4, 0.7]) {
    expect(axis.position(value)).toBeGreaterThan(0);
    expect(axis.position(value)).toBeLessThan(1);
  }
  expect(axis.ticks[0]!.label).toBe("20");
});

test("without a defined point there is no axis, whatever the levels", () => {
  expect(
    heights([{ name: "a", mark, points: [point(0, NaN)] }], [{ name: "c", y: 1, dashes: "" }]),
  ).toBeNull();
});

test("lines break where a value is undefined", () => {
  const points = [point(0, NaN), point(1, 1), point(2, 2), point(3, NaN), point(4, 4)];
  expect(pieces(points).map((each) => each.map(({ x }) => x))).toEqual([[1, 2], [4]]);
  expect(pieces([])).toEqual([]);
});
