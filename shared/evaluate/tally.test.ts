import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mergeTallies, TallyMismatchError, type Tally } from "./tally.ts";

/** Parameter 7 holds all of an example's exact trace, which is the example's number; parameter 8 none of it. */
function exactTotals(first: number, examples: number): Record<number, number> {
  return { 7: (examples * (2 * first + examples - 1)) / 2, 8: 0 };
}

/** Examples `[first, first + values.length)`, each with the given estimates from direction `firstDirection` on. */
function piece(first: number, firstDirection: number, values: readonly (readonly number[])[]): Tally {
  const sum = (list: readonly number[]) => list.reduce((total, value) => total + value, 0);
  return {
    firstExample: first,
    firstDirection,
    unitSize: 1,
    tokens: values.map((_, i) => first + i + 1),
    loss: values.map((_, i) => (first + i) / 10),
    excess: null,
    directions: values.map((list) => list.length),
    exact: {
      curvature: { sum: values.map((_, i) => first + i), byParameter: exactTotals(first, values.length) },
    },
    measures: {
      trace: { sum: values.map(sum), squares: values.map((list) => sum(list.map((value) => value ** 2))) },
    },
  };
}

const whole = piece(0, 0, [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
]);
const parts = [
  piece(0, 0, [
    [1, 2],
    [4, 5],
  ]),
  piece(0, 2, [[3], [6]]),
  piece(2, 0, [[7, 8]]),
  piece(2, 2, [[9]]),
];

describe("merging", () => {
  test("adds directions up and lays examples end to end", () => {
    expect(mergeTallies(parts)).toEqual(whole);
    expect(mergeTallies([whole])).toEqual(whole);
  });

  test("does not depend on the order, bit for bit", () => {
    const uneven = Array.from({ length: 4 }, (_, round) =>
      [0, 2].map((first) => piece(first, round, [[0.1 * (round + 1)], [1e-17 + round / 3]])),
    ).flat();
    const merged = mergeTallies(uneven);
    fc.assert(
      fc.property(fc.shuffledSubarray(uneven, { minLength: uneven.length }), (shuffled) => {
        expect(mergeTallies(shuffled)).toEqual(merged);
      }),
      { numRuns: 50, seed: 2 },
    );
  });

  test("keeps the sums of units that share directions", () => {
    const unit = (first: number, squares: number): Tally => ({
      ...piece(first, 0, [[1], [2]]),
      unitSize: 2,
      measures: { trace: { sum: [1, 2], squares: [squares] } },
    });
    expect(mergeTallies([unit(2, 7), unit(0, 9)])).toMatchObject({
      unitSize: 2,
      measures: { trace: { sum: [1, 2, 1, 2], squares: [9, 7] } },
    });
  });
});

test.each<[string, Tally[], string]>([
  [
    "examples are missing",
    [parts[0]!, piece(3, 0, [[1]])],
    "Expected examples from 2, found examples from 3.",
  ],
  ["examples overlap", [parts[0]!, piece(1, 0, [[1]])], "Expected examples from 2, found examples from 1."],
  [
    "directions are there twice",
    [parts[0]!, parts[0]!],
    "Examples from 0, directions from 0 were counted twice.",
  ],
  ["pieces were cut differently", [parts[0]!, piece(0, 2, [[3]])], "were cut into pieces of different sizes"],
  [
    "a measure is missing",
    [parts[0]!, { ...parts[2]!, measures: { other: parts[2]!.measures["trace"]! } }],
    "Some pieces hold the measure trace and some do not.",
  ],
  ["units differ", [parts[0]!, { ...parts[2]!, unitSize: 16 }], "Expected examples from 2"],
])("refused where %s", (_, tallies, message) => {
  expect(() => mergeTallies(tallies)).toThrow(TallyMismatchError);
  expect(() => mergeTallies(tallies)).toThrow(message);
});
