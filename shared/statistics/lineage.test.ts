import { expect, test } from "vitest";
import { lineages } from "./lineage.ts";

const of = (...pairs: (readonly [run: string | null, startedFrom?: string])[]) =>
  lineages(pairs.map(([run, startedFrom = null]) => ({ run, startedFrom })));

test("a chain of runs is one lineage, in whatever order it is told", () => {
  expect(of(["c", "b"], ["a"], ["b", "a"], ["d"])).toEqual(["a", "a", "a", "d"]);
});

test("runs that began from one that is not there are of one lineage", () => {
  expect(of(["b", "a"], ["c", "a"])).toEqual(["a", "a"]);
});

test("without a run there is no lineage", () => {
  expect(of([null], [null, "a"], ["a"])).toEqual([null, null, "a"]);
});

test("circles end", () => {
  expect(of(["a", "b"], ["b", "a"])).toEqual(["b", "a"]);
  expect(of(["a", "a"])).toEqual(["a"]);
});

test("the first checkpoint of a run says where it began", () => {
  expect(of(["b"], ["b", "a"], ["a"])).toEqual(["b", "b", "a"]);
});
