import { expect, test } from "vitest";
import { matches, parameterFilter } from "./globs.ts";

test.each<[glob: string, name: string, expected: boolean]>([
  ["head.weight", "head.weight", true],
  ["head.weight", "head_weight", false],
  ["head.*", "head.weight", true],
  ["*.bias", "layers.0.attention.bias", true],
  ["layers.?.bias", "layers.3.bias", true],
  ["layers.?.bias", "layers.13.bias", false],
  ["*a*b", "xaxxb", true],
  ["*a*b", "xaxxbc", false],
  ["", "", true],
  ["**", "", true],
])("%j on %j", (glob, name, expected) => {
  expect(matches(glob, name)).toBe(expected);
});

test("a glob made to backtrack takes no time", () => {
  const started = performance.now();
  expect(matches(`${"*a".repeat(50)}b`, "a".repeat(10_000))).toBe(false);
  expect(performance.now() - started).toBeLessThan(500);
});

test("excludes win over includes, and without either everything is admitted", () => {
  const names = ["a.weight", "a.bias", "b.weight"];
  const admitted = (include: string[], exclude: string[]) => {
    const filter = parameterFilter(include, exclude);
    return names.filter((name) => filter?.({ name }) ?? true);
  };
  expect(admitted([], [])).toEqual(names);
  expect(admitted(["a.*"], [])).toEqual(["a.weight", "a.bias"]);
  expect(admitted(["a.*"], ["*.bias"])).toEqual(["a.weight"]);
});
