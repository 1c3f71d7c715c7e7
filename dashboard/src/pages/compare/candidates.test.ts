import { expect, test } from "vitest";
import { candidates, rowsByName } from "./candidates.ts";

const columns = {
  checkpoint: ["id1", "id2", "id3"],
  name: ["AdamW 1", "AdamW 2", "SGD 1"],
  run: ["r1", "r2", null],
  family: ["d48", null, "d48"],
};

test("all words must be there, in any case and field; what is taken is left out", () => {
  const ids = (typed: string, taken: string[] = []) =>
    candidates(columns, rowsByName(columns.name), typed, taken).found.map(({ id }) => id);
  expect(ids("")).toEqual(["id1", "id2", "id3"]);
  expect(ids("adamw")).toEqual(["id1", "id2"]);
  expect(ids("d48 1", ["id1"])).toEqual(["id3"]);
  expect(ids("id2")).toEqual(["id2"]);
  expect(ids("nothing")).toEqual([]);
});

test("of many the first few, and how many more there are", () => {
  const many = Array.from({ length: 30 }, (_, i) => `step ${i}`);
  const none = many.map(() => null);
  const all = { checkpoint: many, name: many, run: none, family: none };
  const { found, more } = candidates(all, rowsByName(many), "", []);
  expect([found.length, more]).toEqual([12, 18]);
  expect(found.map(({ name }) => name)).toEqual(many.slice(0, 12));
});
