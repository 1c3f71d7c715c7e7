import { expect, test } from "vitest";
import { csvCell } from "./csv.ts";

test.each<[value: string | number | null, expected: string]>([
  ["=1+1", "'=1+1"],
  ["@cmd", "'@cmd"],
  ["+44", "'+44"],
  ["-x", "'-x"],
  [-1.5, "-1.5"],
  ["a,b", '"a,b"'],
  ['say "x"', '"say ""x"""'],
  ["two\nlines", '"two\nlines"'],
  ['=a,"b"', '"\'=a,""b"""'],
  [null, ""],
])("%j", (value, expected) => {
  expect(csvCell(value)).toBe(expected);
});
