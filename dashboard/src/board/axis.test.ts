import * as fc from "fast-check";
import { expect, test } from "vitest";
import { axisOf, niceStep } from "./axis.ts";

const labels = (axis: ReturnType<typeof axisOf>) => axis.ticks.map(({ label }) => label);

test("linear ticks are round, in the unit that is shown", () => {
  expect(labels(axisOf([42, 118], false))).toEqual(["40", "60", "80", "100", "120"]);
  expect(labels(axisOf([0.688, 0.8735], false, 100))).toEqual(["70", "75", "80", "85"]);
  expect(labels(axisOf([0.0125, 0.0496], false))).toEqual(["0.02", "0.03", "0.04", "0.05"]);
  expect(labels(axisOf([26_000, 230_000], false))).toEqual(["50k", "100k", "150k", "200k"]);
});

test("logarithmic ticks", () => {
  expect(labels(axisOf([0.01, 20], true))).toEqual(["0.01", "0.1", "1", "10"]);
  expect(labels(axisOf([8, 150], true))).toEqual(["10", "20", "50", "100"]);
  expect(labels(axisOf([42, 118], true))).toEqual(["40", "60", "80", "100", "120"]);
  expect(axisOf([-1, 10], true).log).toBe(false);
  expect(axisOf([1, 10], true).position(0)).toBeNaN();
});

test("one value alone has an axis", () => {
  for (const log of [true, false]) {
    const axis = axisOf([5, 5], log);
    expect(axis.position(5)).toBeCloseTo(0.5);
    expect(axis.ticks.length).toBeGreaterThan(1);
  }
  expect(axisOf([0, 0], false).position(0)).toBe(0.5);
});

test("all values and ticks are on the axis, in order, whatever the range", () => {
  const value = fc.integer({ min: -1e9, max: 1e9 }).map((thousandths) => thousandths / 1000);
  fc.assert(
    fc.property(value, value, fc.boolean(), (a, b, log) => {
      // Ranges below the precision of a double have no ticks of their own.
      fc.pre(a === b || Math.abs(a - b) > 1e-6 * Math.max(Math.abs(a), Math.abs(b)));
      const [least, most] = [Math.min(a, b), Math.max(a, b)];
      const axis = axisOf([least, most], log);
      for (const end of [least, most]) {
        expect(axis.position(end)).toBeGreaterThan(0);
        expect(axis.position(end)).toBeLessThan(1);
      }
      const places = axis.ticks.map((tick) => axis.position(tick.value));
      expect(places).toEqual([...places].sort((p, q) => p - q));
      expect(places.every((place) => place > -1e-6 && place < 1 + 1e-6)).toBe(true);
      expect(places.length).toBeGreaterThan(0);
      expect(places.length).toBeLessThan(16);
      expect(new Set(labels(axis)).size).toBe(places.length);
    }),
  );
});

test("steps", () => {
  expect([0.13, 1, 1.1, 3, 7, 20].map(niceStep)).toEqual([0.2, 1, 2, 5, 10, 20]);
});
