import { expect, test } from "vitest";
import { decodeFloats, encodeFloats } from "./float-list.ts";

test.each([0, 1, 2, 3, 4, 5, 100])("%i numbers survive, and are what others call base64", (count) => {
  const values = Float32Array.from({ length: count }, (_, i) => Math.sin(i) * 10 ** (i % 7));
  const text = encodeFloats([...values]);
  expect(text).toBe(Buffer.from(values.buffer).toString("base64"));
  expect(decodeFloats(text)).toEqual(values);
});

test.each(["A", "AAAA", "AAAAAA==AAAA", "AAAA!A==", "=", "AAAAA==="])("%s is no list of numbers", (text) => {
  expect(decodeFloats(text)).toBeNull();
});
