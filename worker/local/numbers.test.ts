import { expect, test } from "vitest";
import { byteText, duration, measured, short, significant, stepText } from "./numbers.ts";

test.each<[value: number, error: number | null, expected: [string, string]]>([
  [181.04, 9.27, ["181.0", "9.3"]],
  [1935.9, 104.8, ["1940", "100"]],
  [0.57362, 0.0217, ["0.574", "0.022"]],
  // 0.0996 is 0.10 to two digits, not 0.100.
  [4.1116, 0.0996, ["4.11", "0.10"]],
  [-0.001, 0.24, ["0.00", "0.24"]],
  [4.1116, null, ["4.1116", ""]],
  [4.1116, 0, ["4.1116", ""]],
  [0, null, ["0", ""]],
])("%d ± %d", (value, error, expected) => {
  expect(measured(value, error)).toEqual(expected);
});

test("very large and very small values take an exponent", () => {
  expect(measured(3.14159e9, 2.5e7)).toEqual(["3.142e+9", "2.5e+7"]);
  expect(measured(3.14159e-8, 2.5e-10)).toEqual(["3.142e-8", "2.5e-10"]);
  expect(significant(0.0000123456, 3)).toBe("1.23e-5");
});

test("counts, sizes, times and steps", () => {
  expect([0, 999, 1000, 10_644, 999_999, 124e6].map(short)).toEqual([
    "0",
    "999",
    "1.00k",
    "10.6k",
    "1.00M",
    "124M",
  ]);
  expect([512, 41_200].map(byteText)).toEqual(["512 B", "41.2 kB"]);
  expect([8, 200, 1800, 7500].map(duration)).toEqual(["8 s", "3 min 20 s", "30 min", "2 h 5 min"]);
  expect([2 ** -11, 5e-4].map(stepText)).toEqual(["2^-11", "0.000500"]);
});
