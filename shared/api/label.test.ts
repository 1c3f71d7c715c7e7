import { expect, test } from "vitest";
import { labelSchema } from "./label.ts";

const refusal = (text: string) => {
  const { success, error } = labelSchema.safeParse(text);
  return success ? null : error!.issues[0]!.message;
};

test.each([
  ["a\uD800b", "holds U+D800 at position 1, half of a character (a lone surrogate)"],
  ["\uDC00", "holds U+DC00 at position 0, half of a character"],
  ["a\0b", "holds U+0000 at position 1, a control character"],
  ["a\nb", "a control character"],
  ["a\u2028b", "a line break"],
  ["a\u202Egpj.exe", "holds U+202E at position 1, a mark of text direction"],
  ["a\u200Bb", "holds U+200B at position 1, an invisible character"],
  ["\uFEFFa", "an invisible character"],
  ["a\u00ADb", "an invisible character"],
  ["\u3164", "an invisible character"],
  ["a\u{E0041}b", "holds U+E0041 at position 1, an invisible character"],
  ["a\uFFF9b", "an invisible character"],
  ["a\u206Ab", "an invisible character"],
  ["a\uFFFF", "no character at all"],
  ["\u2800", "shows nothing"],
  ["\u200D", "shows nothing"],
  ["\u0301", "shows nothing"],
  [" \u00A0", "is empty"],
  ["", "is empty"],
])("refuses %j", (text, why) => {
  expect(refusal(text)).toContain(why);
});

test.each([
  ["Cafe\u0301", "Café"],
  ["  two words ", "two words"],
  ["👩🏽‍💻 naïve", "👩🏽‍💻 naïve"],
  ["\u2764\uFE0F", "\u2764\uFE0F"],
  ["می\u200Cخواهم", "می\u200Cخواهم"],
  ["क्\u200Dष", "क्\u200Dष"],
  ["=1+1", "=1+1"],
  ["../../etc/passwd", "../../etc/passwd"],
  ["模型一", "模型一"],
])("keeps %j", (text, kept) => {
  expect(labelSchema.parse(text)).toBe(kept);
});
