import { expect, test } from "vitest";
import { groupScore, groupSeeds, sortItems, withoutSeed, type Item } from "./seed-groups.ts";
import { sampleBoard } from "./testing/sample-board.ts";

test.each([
  ["adamw-d48-s2", "adamw-d48-s*"],
  ["s1-adamw", "s*-adamw"],
  ["adamw seed=12 d48", "adamw s* d48"],
  ["adamw_seed_3", "adamw_s*"],
  ["adamw.Seed4", "adamw.s*"],
  ["steps1000", null],
  ["d48", null],
  ["adamw-s1x", null],
])("the seed of %s", (name, expected) => {
  expect(withoutSeed(name)).toBe(expected);
});

const shared = { family: "F", step: 10, parameters: 100 };
const board = sampleBoard([
  { name: "x-s1-step-10", run: "x-s1", ...shared, loss: 1 },
  { name: "alone", run: "y", ...shared, loss: 1.5 },
  { name: "x-s2-step-10", run: "x-s2", ...shared, loss: 2 },
  { name: "x-s3-step-20", run: "x-s3", ...shared, step: 20, loss: 0.5 },
  { name: "x-s4-step-10", run: "x-s4", ...shared, family: "G" },
  { name: "twice", run: "z-s1", ...shared },
  { name: "twice again", run: "z-s1", ...shared },
]);
const rows = Int32Array.of(0, 1, 2, 3, 4, 5, 6);
const shown = (items: readonly Item[]) =>
  items.map((item) => (typeof item === "number" ? item : [...item.members]));

test("runs that differ only in their seed become one row, at the same size, step and family", () => {
  const items = groupSeeds(board, rows);
  expect(shown(items)).toEqual([[0, 2], 1, 3, 4, 5, 6]);
  expect(items[0]).toMatchObject({ name: "x-s*-step-10" });
});

test("what the filters take away is in no group", () => {
  expect(shown(groupSeeds(board, Int32Array.of(1, 2, 3)))).toEqual([1, 2, 3]);
});

test("a group has its mean, and the standard deviation between seeds", () => {
  const { mean, spread, count } = groupScore(board.loss.numbers, [0, 2]);
  expect([mean, count]).toEqual([1.5, 2]);
  expect(spread).toBeCloseTo(Math.SQRT1_2);
  expect(groupScore(Float64Array.of(3, NaN), [0, 1])).toEqual({ mean: 3, spread: NaN, count: 1 });
  expect(groupScore(Float64Array.of(NaN), [0])).toEqual({ mean: NaN, spread: NaN, count: 0 });
});

test("groups stand where their mean does, and what is undefined comes last", () => {
  const { numbers } = board.loss;
  const items = groupSeeds(board, Int32Array.of(0, 2, 3, 4));
  expect(shown(sortItems(items, numbers, false))).toEqual([3, 4, [0, 2]]);
  expect(shown(sortItems(items, numbers, true))).toEqual([[0, 2], 4, 3]);
  expect(shown(sortItems([0, 1, 2], Float64Array.of(NaN, 2, 1), true))).toEqual([1, 2, 0]);
});
