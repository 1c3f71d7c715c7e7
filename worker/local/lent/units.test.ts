import { InvalidArgumentError } from "commander";
import { expect, test } from "vitest";
import { byteSize, timeSpan } from "./units.ts";

test.each([
  ["8GB", 8e9],
  ["1.5 gb", 1.5e9],
  ["500MB", 5e8],
  ["2GiB", 2 ** 31],
  ["1000", 1000],
])("%s", (text, bytes) => {
  expect(byteSize(text)).toBe(bytes);
});

test.each([
  ["10m", 600],
  ["90s", 90],
  ["2h", 7200],
  ["0s", 0],
  ["15", 15],
])("%s", (text, seconds) => {
  expect(timeSpan(text)).toBe(seconds);
});

test.each(["", "GB", "-1GB", "8 elephants", "0", "1e9"])("%j is no size", (text) => {
  expect(() => byteSize(text)).toThrow(InvalidArgumentError);
});

test.each(["", "soon", "-1s", "100000h"])("%j is no time", (text) => {
  expect(() => timeSpan(text)).toThrow(InvalidArgumentError);
});
