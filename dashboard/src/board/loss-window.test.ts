import * as fc from "fast-check";
import { expect, test } from "vitest";
import { countWithin, densestWindow, histogram, movedWindow, sortedDefined } from "./loss-window.ts";

const losses = Float64Array.of(0.5, NaN, 0.1, 0.102, 0.105, 0.3, 0.305, 0.104);

test("the densest window holds the most checkpoints, in its middle", () => {
  const sorted = sortedDefined(losses);
  const window = densestWindow(sorted, 0.01)!;
  expect(countWithin(sorted, window)).toBe(4);
  expect((window.low + window.high) / 2).toBeCloseTo(0.1025, 5);
  expect(densestWindow(new Float64Array(), 0.01)).toBeNull();
  const alone = densestWindow(Float64Array.of(2), 0.01)!;
  expect(alone.low).toBeCloseTo(1.995, 6);
  expect(alone.high).toBeCloseTo(2.005, 6);
});

test("of windows that hold as many the lowest is taken", () => {
  expect(densestWindow(Float64Array.of(1, 1.005, 2, 2.005), 0.01)!.high).toBeLessThan(1.1);
});

test("no window holds more than the densest, and it holds what it was chosen for", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 0.2, noNaN: true }), { minLength: 1, maxLength: 40 }),
      (values) => {
        const sorted = sortedDefined(Float64Array.from(values));
        const within = countWithin(sorted, densestWindow(sorted, 0.01)!);
        for (const low of sorted) {
          const brute = sorted.filter((value) => value >= low && value - low <= 0.01).length;
          expect(within).toBeGreaterThanOrEqual(brute);
        }
      },
    ),
  );
});

test("a window is counted with both ends", () => {
  const sorted = sortedDefined(losses);
  expect(countWithin(sorted, { low: 0.1, high: 0.104 })).toBe(3);
  expect(countWithin(sorted, { low: 0.11, high: 0.2 })).toBe(0);
  expect(countWithin(sorted, { low: 0, high: 1 })).toBe(7);
});

test("moving a window", () => {
  const range = [0, 1] as const;
  const window = { low: 0.2, high: 0.3 };
  expect(movedWindow(window, "whole", 0.05, range)).toEqual({ low: 0.25, high: 0.35 });
  expect(movedWindow(window, "whole", 5, range)).toEqual({ low: 0.9, high: 1 });
  expect(movedWindow(window, "whole", -5, range)).toEqual({ low: 0, high: 0.1 });
  expect(movedWindow(window, "low", 5, range)).toEqual({ low: 0.3, high: 0.3 });
  expect(movedWindow(window, "high", -5, range)).toEqual({ low: 0.2, high: 0.2 });
  expect(movedWindow(window, "high", 5, range)).toEqual({ low: 0.2, high: 1 });
  // A link may hold a window outside the board.
  expect(movedWindow({ low: 4, high: 5 }, "whole", 1, range)).toEqual({ low: 4, high: 5 });
  expect(movedWindow({ low: 4, high: 5 }, "whole", -1, range)).toEqual({ low: 3, high: 4 });
});

test("a histogram counts every value between its edges once", () => {
  expect([...histogram(Float64Array.of(0, 0.24, 0.25, 1, 2), [0, 0.25, 0.5, 0.75, 1])]).toEqual([2, 1, 0, 1]);
  expect([...histogram(Float64Array.of(3, 3), [3, 3])]).toEqual([2]);
});
