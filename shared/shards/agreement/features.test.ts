import { expect, test } from "vitest";
import { normalSource } from "../../../test/support/random.ts";
import { compareFeatures } from "./features.ts";

const normal = normalSource(1);
const values = Float32Array.from({ length: 1000 }, () => 2 * normal());
const bytes = (list: Float32Array) => new Uint8Array(list.buffer, list.byteOffset, list.byteLength);
const changed = (change: (value: number, i: number) => number) => bytes(values.map(change));

test.each<[what: string, made: Uint8Array, single: boolean, half: boolean]>([
  ["the same", bytes(values), true, true],
  ["rounded in single precision", changed((value, i) => value * (1 + (i % 2 ? 1e-6 : -1e-6))), true, true],
  ["rounded in half precision", changed((value, i) => value * (1 + (i % 2 ? 3e-3 : -3e-3))), false, true],
  ["one in a thousand off", changed((value, i) => (i === 5 ? value + 0.01 : value)), false, true],
  ["half as large", changed((value) => value / 2), false, false],
  ["all zero", changed(() => 0), false, false],
  ["not a number", changed((value, i) => (i === 5 ? NaN : value)), false, false],
  ["infinite", changed((value, i) => (i === 5 ? Infinity : value)), false, false],
  ["too few", bytes(values).subarray(4), false, false],
])("%s", (_, made, single, half) => {
  expect(compareFeatures(made, bytes(values), false).agrees).toBe(single);
  expect(compareFeatures(made, bytes(values), true).agrees).toBe(half);
});

test("nothing agrees with nothing, and zeros with zeros", () => {
  expect(compareFeatures(new Uint8Array(), new Uint8Array(), false).agrees).toBe(true);
  expect(compareFeatures(new Uint8Array(8), new Uint8Array(8), false).agrees).toBe(true);
});

test("bytes that lie anywhere in memory", () => {
  const shifted = new Uint8Array(4001);
  shifted.set(bytes(values), 1);
  expect(compareFeatures(shifted.subarray(1), bytes(values), false)).toEqual({
    agrees: true,
    detail: "features 0 of their root mean square apart",
  });
});
