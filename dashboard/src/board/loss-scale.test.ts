import * as fc from "fast-check";
import { expect, test } from "vitest";
import { lossScale } from "./loss-scale.ts";

test("a narrow range is linear", () => {
  const scale = lossScale([0.0125, 0.0496]);
  expect(scale.ticks).toEqual([0.01, 0.02, 0.03, 0.04, 0.05]);
  const [a, b, c] = [0.02, 0.03, 0.04].map(scale.position) as [number, number, number];
  expect(b - a).toBeCloseTo(c - b);
});

test("on a wide range a window at the least loss is wide enough to be dragged", () => {
  const { position, ticks } = lossScale([1.5, 6]);
  expect(position(1.51) - position(1.5)).toBeGreaterThan(0.05);
  expect(ticks).toEqual([1.51, 1.54, 1.6, 1.8, 2.5, 4]);
});

test("positions rise with losses, and lead back to them", () => {
  const loss = fc.double({ min: -5, max: 20, noNaN: true });
  fc.assert(
    fc.property(
      loss,
      fc.double({ min: 0, max: 10, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (least, size, share) => {
        const scale = lossScale([least, least + size]);
        const value = least + share * size;
        const position = scale.position(value);
        expect(position).toBeGreaterThan(0);
        expect(position).toBeLessThan(1);
        expect(scale.loss(position)).toBeCloseTo(value, 6);
        for (const tick of scale.ticks) {
          expect(scale.position(tick)).toBeGreaterThanOrEqual(-1e-9);
          expect(scale.position(tick)).toBeLessThanOrEqual(1 + 1e-9);
        }
        expect(scale.ticks.length).toBeLessThan(14);
      },
    ),
  );
});
