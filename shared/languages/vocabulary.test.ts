import { expect, test } from "vitest";
import { HIDDEN } from "./language.ts";
import { decode, encode, MASK, PAD, vocabularySize } from "./vocabulary.ts";

test("token ids: padding, mask, then words", () => {
  expect([PAD, MASK]).toEqual([0, 1]);
  expect(vocabularySize(200)).toBe(202);
  expect(encode([0, HIDDEN, 199])).toEqual([2, 1, 201]);
  expect(decode([2, 1, 201], 200)).toEqual([0, HIDDEN, 199]);
});

test("ids that are no words", () => {
  for (const id of [PAD, 202, -1, 2.5, NaN, Infinity]) expect(decode([2, id], 200)).toBeNull();
});
