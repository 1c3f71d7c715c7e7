import { expect, test } from "vitest";
import { parseRange } from "./range.ts";

test.each<[string | undefined, ReturnType<typeof parseRange>]>([
  [undefined, null],
  ["bytes=0-9", { offset: 0, length: 10 }],
  ["bytes=90-99", { offset: 90, length: 10 }],
  ["bytes=90-1000", { offset: 90, length: 10 }],
  ["bytes=90-", { offset: 90, length: 10 }],
  ["bytes=-10", { offset: 90, length: 10 }],
  ["bytes=-1000", { offset: 0, length: 100 }],
  ["Bytes = 5 - 5", { offset: 5, length: 1 }],
  ["bytes=100-", "unsatisfiable"],
  ["bytes=100-200", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=9-0", null],
  ["bytes=-", null],
  ["bytes=0-1,5-6", null],
  ["bytes=a-b", null],
  ["bytes=1e1-", null],
  ["items=0-9", null],
  ["bytes=0-99999999999999999999", null],
  ["", null],
])("%s of 100 bytes", (header, range) => {
  expect(parseRange(header, 100)).toEqual(range);
});
