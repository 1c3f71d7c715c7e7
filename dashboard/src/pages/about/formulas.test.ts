import { expect, test } from "vitest";
import { MEASURES } from "../../../../shared/measures/index.ts";
import { FORMULAS } from "./formulas.ts";
import { leafTag, type MathNode } from "./math.ts";

test("every measure of the registry has its formula, and there is no other", () => {
  expect(Object.keys(FORMULAS)).toEqual(MEASURES.map(({ id }) => id));
});

const ARGUMENTS: Readonly<Record<string, number>> = { msub: 2, msup: 2, mfrac: 2, munder: 2 };

/** Elements with another number of arguments than theirs, which browsers show as an error or not at all. */
function wrong(node: MathNode): string[] {
  if (typeof node === "string") return node === "" ? ["an empty leaf"] : [];
  const { tag, parts } = node;
  const expected = ARGUMENTS[tag];
  return [
    ...(expected !== undefined && parts.length !== expected ? [`${tag} of ${parts.length}`] : []),
    ...parts.flatMap(wrong),
  ];
}

test.each(Object.entries(FORMULAS))("%s is well formed", (_, { formula }) => {
  expect(wrong(formula)).toEqual([]);
});

test.each([
  ["2", "mn"],
  ["−", "mo"],
  ["∑", "mo"],
  ["∣", "mo"],
  ["\u2009", "mtext"],
  ["θ", "mi"],
  ["Var", "mi"],
  ["ℓ", "mi"],
  ["∇", "mo"],
])("%s is an %s", (text, tag) => {
  expect(leafTag(text)).toBe(tag);
});
