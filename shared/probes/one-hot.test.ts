import { expect, test } from "vitest";
import { ProbeDataError } from "./logistic-input.ts";
import { oneHotFeatures } from "./one-hot.ts";

test("a column for each word at each position that varies in training", () => {
  const train = [
    [0, 1],
    [0, 2],
    [0, 1, 2],
  ];
  const { matrices, dropped } = oneHotFeatures([train, [[2, 2, 2, 0]]], { positions: 4, vocabulary: 3 });
  // Word 0 at position 0 is in every sentence; left are 1 and 2 at position 1, and 2 at position 2.
  expect(matrices[0]).toEqual({ rows: 3, columns: 3, data: Float32Array.of(1, 0, 0, 0, 1, 0, 1, 0, 1) });
  expect(matrices[1]).toEqual({ rows: 1, columns: 3, data: Float32Array.of(0, 1, 1) });
  expect(dropped).toBe(9);
});

test.each<[string, number[][], string]>([
  ["a word outside the vocabulary", [[0], [3]], "Sentence 1 holds token 3; the vocabulary has 3 tokens"],
  ["a broken token", [[0.5]], "holds token 0.5"],
  ["a sentence too long", [[0, 1, 2, 0, 1]], "has 5 tokens, more than the task's 4"],
  [
    "sentences all alike",
    [
      [1, 2],
      [1, 2],
    ],
    "same words",
  ],
  ["no sentences", [], "same words"],
])("refuses %s", (_, sentences, message) => {
  const make = () => oneHotFeatures([sentences], { positions: 4, vocabulary: 3 });
  expect(make).toThrow(ProbeDataError);
  expect(make).toThrow(message);
});
