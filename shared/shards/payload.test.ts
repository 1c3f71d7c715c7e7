import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { decodeBytes } from "../evaluate/base64.ts";
import {
  bytesSchema,
  doublesSchema,
  Mismatch,
  packBits,
  packCounts,
  PayloadError,
  readPayload,
  unpackBits,
  unpackCounts,
  writePayload,
} from "./payload.ts";
import { encodeDoubles } from "../evaluate/float-list.ts";

test("bits and counts of any length survive", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1 })), (bits) => {
      expect(unpackBits(decodeBytes(packBits(bits))!, bits.length)).toEqual(bits);
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.maxSafeNat()), (counts) => {
      expect(unpackCounts(decodeBytes(packCounts(counts))!, counts.length)).toEqual(counts);
    }),
  );
});

test("a count below 128 is one byte, below 16384 two", () => {
  expect(decodeBytes(packCounts([0, 127, 128, 16383, 16384]))).toHaveLength(1 + 1 + 2 + 2 + 3);
});

describe("counts that nobody writes are refused", () => {
  test.each([
    ["one is cut off", [128], "cut off"],
    ["one is larger than numbers are exact", Array<number>(9).fill(255), "too large"],
    ["one is endless", [...Array<number>(200).fill(128), 1], "too large"],
    ["there are too many", [1, 2, 3], "3 counts, expected 2"],
  ])("%s", (_, bytes, message) => {
    expect(() => unpackCounts(Uint8Array.from(bytes), 2)).toThrow(message);
  });

  test("bits of another number of examples", () => {
    expect(() => unpackBits(Uint8Array.of(1, 2), 8)).toThrow("2 bits, in bytes, expected 1");
  });
});

const schema = z.strictObject({ values: doublesSchema });
const read = (text: string | undefined) =>
  readPayload("measure/loss/0", text, schema, ({ values }) => values);

test("numbers survive to the last bit", () => {
  const values = [0.1 + 0.2, -1 / 3, 5e-324, 1.7976931348623157e308, -0];
  expect(read(writePayload("measure/loss/0", { values: encodeDoubles(values) }))).toEqual(values);
});

describe("a payload that its shard would not have given is refused, in words", () => {
  const payload = (content: object) => JSON.stringify(content);
  test.each([
    ["it is missing", undefined, "is missing. Run the shard first"],
    ["it is no JSON", "{", "it is no JSON"],
    ["it is too long", "x".repeat(70_000), "it has 70000 characters"],
    ["a field is missing", payload({}), "values: "],
    ["a field is unknown", payload({ values: "", more: 1 }), "more"],
    [
      "a number is not finite",
      payload({ values: encodeDoubles([1, NaN]) }),
      "values: expected finite numbers",
    ],
    [
      "a number is infinite",
      payload({ values: encodeDoubles([-Infinity]) }),
      "values: expected finite numbers",
    ],
    ["numbers are no base64", payload({ values: "?" }), "values: expected finite numbers"],
  ])("%s", (_, text, message) => {
    expect(() => read(text)).toThrow(PayloadError);
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).toThrow("measure/loss/0");
  });

  test("what the schema lets through may still not belong here", () => {
    const refused = () =>
      readPayload("fit/0/first/0", "{}", z.strictObject({}), () => {
        throw new Mismatch("3 parts, expected 4");
      });
    expect(refused).toThrow(
      "The payload of fit/0/first/0 is not what that shard gives: 3 parts, expected 4. Run the shard again.",
    );
    expect(refused).toThrow(PayloadError);
  });

  test("bytes that are no base64", () => {
    expect(bytesSchema.safeParse("A").success).toBe(false);
  });
});

test("what is too large to be stored is not written", () => {
  expect(() => writePayload("fit/0/first/0", { text: "x".repeat(65_526) })).toThrow(PayloadError);
  // In UTF-8, where a character of the Basic Multilingual Plane may take three bytes.
  expect(() => writePayload("fit/0/first/0", { text: "…".repeat(22_000) })).toThrow(/takes 66011 bytes/);
  expect(writePayload("fit/0/first/0", { text: "…".repeat(21_000) })).toHaveLength(21_011);
});
