import { expect, test } from "vitest";
import { Turn } from "./turn.ts";

test("one at a time, until it ends or shows no sign of life", () => {
  let now = 0;
  const turn = new Turn(1000, () => now);
  const first = turn.take()!;
  expect(turn.take()).toBeNull();
  now = 900;
  first.renew();
  now = 1899;
  expect(turn.take()).toBeNull();
  now = 1900;
  const second = turn.take()!;
  expect(second).not.toBeNull();
  // The first one comes back to life: it neither keeps nor ends the other's turn.
  first.renew();
  first.end();
  expect(turn.take()).toBeNull();
  second.end();
  expect(turn.take()).not.toBeNull();
});
