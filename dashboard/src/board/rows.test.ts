import * as fc from "fast-check";
import { expect, test } from "vitest";
import { extent } from "./column.ts";
import { filterMask, NO_FILTERS, type Filters } from "./filters.ts";
import { naturalKey, naturalRanks } from "./natural-order.ts";
import { bestFirst, orderedRows } from "./order.ts";
import { idOf, sampleBoard } from "./testing/sample-board.ts";

test("names stand in natural order", () => {
  const names = ["step-1000", "Step-900", "a10", "a9", "a09", "ﬁne", "b"];
  expect(names.toSorted((a, b) => (naturalKey(a) < naturalKey(b) ? -1 : 1))).toEqual([
    ...["a9", "a09", "a10", "b", "ﬁne", "Step-900", "step-1000"],
  ]);
  expect([...naturalRanks(["b", null, "a", "b"])]).toEqual([1, NaN, 0, 1]);
});

test("numbers in names compare as numbers, whatever their length", () => {
  const digits = fc.bigInt({ min: 0n, max: 10n ** 40n });
  fc.assert(
    fc.property(digits, digits, (a, b) => {
      const [x, y] = [naturalKey(`step ${a}`), naturalKey(`step ${b}`)];
      expect(x < y).toBe(a < b);
    }),
  );
});

const board = sampleBoard([
  { name: "c", loss: 2, family: "F", run: "r1", step: 10, accuracy: 0.5 },
  { name: "B", loss: null, family: "G", run: "r2", owner: "me", accuracy: 0.7 },
  { name: "a", loss: 1, family: null, run: null, step: 20, parameters: 50 },
  { name: "b", loss: 2, family: "F", run: "r1", step: 30 },
]);
const names = (rows: Iterable<number>) => Array.from(rows, (row) => board.name.texts![row]);
const sorted = (id: string, direction: "asc" | "desc") =>
  names(orderedRows(board, board.column(id)!, direction));

test("rows are sorted; without a value they come last both ways, equals stand by name", () => {
  expect(sorted("loss", "asc")).toEqual(["a", "b", "c", "B"]);
  expect(sorted("loss", "desc")).toEqual(["b", "c", "a", "B"]);
  expect(sorted("name", "asc")).toEqual(["a", "B", "b", "c"]);
  expect(sorted("family", "desc")).toEqual(["B", "b", "c", "a"]);
  expect(sorted("step", "desc")).toEqual(["b", "a", "c", "B"]);
});

test("what is better comes first", () => {
  expect(
    ["loss", "task:parity", "name", "added", "parameters"].map((id) => bestFirst(board.column(id)!)),
  ).toEqual([...["asc", "desc", "asc", "desc", "asc"]]);
});

test.each<[Partial<Filters>, string[]]>([
  [{}, ["c", "B", "a", "b"]],
  [{ name: "B" }, ["B", "b"]],
  [{ name: " b " }, ["B", "b"]],
  [{ family: ["F"] }, ["c", "b"]],
  [{ family: ["F", "G"] }, ["c", "B", "b"]],
  [{ family: ["nothing"] }, []],
  [{ owner: ["me"] }, ["B"]],
  [{ minLoss: 2 }, ["c", "b"]],
  [{ maxLoss: 1.5 }, ["a"]],
  [{ minStep: 20, maxStep: 30 }, ["a", "b"]],
  [{ maxParameters: 99 }, ["a"]],
  [{ family: ["F"], minStep: 11 }, ["b"]],
])("%j lets %j through", (filters, expected) => {
  const mask = filterMask(board, { ...NO_FILTERS, ...filters });
  expect(names([0, 1, 2, 3].filter((row) => mask[row] === 1))).toEqual(expected);
});

test("ranges of columns, with errors where they are wanted", () => {
  const { numbers, errors } = board.loss;
  expect(extent(numbers)).toEqual([1, 2]);
  expect(extent(numbers, undefined, errors)).toEqual([0.99, 2.01]);
  expect(extent(numbers, (row) => row === 1)).toBeNull();
  expect(extent(numbers, (row) => row === 0)).toEqual([2, 2]);
});

test("a board knows its rows, and which of them are of one run", () => {
  expect(board.rowOf.get(idOf(2))).toBe(2);
  // Three names, the missing one among them, so that the row without one is the third after them.
  expect([...board.runs]).toEqual([0, 1, 5, 0]);
  expect(board.loss.id).toBe("loss");
  const chain = sampleBoard([
    { name: "a", run: "r" },
    { name: "b", run: "s", startedFrom: "r" },
    { name: "c", run: "t" },
  ]);
  expect([...chain.runs]).toEqual([0, 0, 1]);
});
