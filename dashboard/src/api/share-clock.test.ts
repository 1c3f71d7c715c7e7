import { expect, test } from "vitest";
import { ShareClock } from "./share-clock.ts";

test("the time left follows from the share gained", () => {
  const clock = new ShareClock();
  expect(clock.left(0.2, 10)).toBeNull();
  expect(clock.left(0.21, 11)).toBeNull();
  expect(clock.left(0.4, 20)).toBeCloseTo(30);
});

test("a share that falls begins anew", () => {
  const clock = new ShareClock();
  clock.left(0.5, 0);
  expect(clock.left(0.3, 10)).toBeNull();
  expect(clock.left(0.5, 20)).toBeCloseTo(25);
});
