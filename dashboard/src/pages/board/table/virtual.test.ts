import * as fc from "fast-check";
import { expect, test } from "vitest";
import { mostRows, OVERSCAN, scrollToRow, visibleSlice } from "./virtual.ts";

test("all rows that are seen are there, and few others", () => {
  const rows = fc.nat(100_000);
  const overscan = fc.constantFrom(0, OVERSCAN);
  const pixels = fc.integer({ min: 0, max: 2000 });
  fc.assert(
    fc.property(
      rows,
      fc.float({ min: 0, max: 1, noNaN: true }),
      pixels,
      overscan,
      (count, share, height, beyond) => {
        const top = share * Math.max(0, count * 34 - height);
        const { first, end } = visibleSlice(top, height, 34, count, beyond);
        expect(first * 34).toBeLessThanOrEqual(top);
        expect(end * 34).toBeGreaterThanOrEqual(Math.min(top + height, count * 34));
        expect(end - first).toBeLessThanOrEqual(beyond === 0 ? height / 34 + 2 : mostRows(height, 34));
        expect(first).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThanOrEqual(count);
      },
    ),
  );
});

test("scrolled beyond a table that became shorter", () => {
  expect(visibleSlice(34_000, 340, 34, 3)).toEqual({ first: 0, end: 3 });
  expect(visibleSlice(0, 340, 34, 0)).toEqual({ first: 0, end: 0 });
});

test("a row is scrolled to as little as is needed", () => {
  expect(scrollToRow(5, 0, 340, 34)).toBe(0);
  expect(scrollToRow(10, 0, 340, 34)).toBe(34);
  expect(scrollToRow(2, 100, 340, 34)).toBe(68);
});
