import { expect, test } from "vitest";
import { decodeDoubles, decodeFloats, encodeDoubles, encodeFloats } from "./float-list.ts";

test.each([0, 1, 2, 3, 4, 5, 100])("%i numbers survive, and are what others call base64", (count) => {
  const values = Float32Array.from({ length: count }, (_, i) => Math.sin(i) * 10 ** (i % 7));
  const text = encodeFloats([...values]);
  expect(text).toBe(Buffer.from(values.buffer).toString("base64"));
  expect(decodeFloats(text)).toEqual(values);
});

test.each([0, 1, 2, 3, 100])("%i numbers survive to the last bit", (count) => {
  const values = Float64Array.from({ length: count }, (_, i) => Math.sin(i + 0.1) * 10 ** (i % 300));
  const text = encodeDoubles([...values]);
  expect(text).toBe(Buffer.from(values.buffer).toString("base64"));
  expect(decodeDoubles(text)).toEqual([...values]);
});

const NO_LISTS = ["A", "AAAA", "AAAAAA==AAAA", "AAAA!A==", "=", "AAAAA==="];

test.each(NO_LISTS)("%s is no list of numbers", (text) => {
  expect(decodeFloats(text)).toBeNull();
  expect(decodeDoubles(text)).toBeNull();
});

test("four bytes are a number of four bytes only", () => {
  expect(decodeFloats("AACAPw==")).toEqual(Float32Array.of(1));
  expect(decodeDoubles("AACAPw==")).toBeNull();
});
