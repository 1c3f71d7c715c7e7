import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { TensorProto_DataLocation as DataLocation, TensorProtoSchema, type TensorProto } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { bytesSource } from "./source.ts";
import { byteLength, constant, DataType, dimsOf, readValues, unitVector } from "./weights.ts";

type Fields = Partial<
  Pick<TensorProto, "rawData" | "floatData" | "int32Data" | "int64Data" | "doubleData">
> & {
  uint64Data?: bigint[];
};

function tensor(dataType: number, count: number, fields: Fields): TensorProto {
  return create(TensorProtoSchema, { name: "w", dataType, dims: [BigInt(count)], ...fields });
}

const bytesOf = (values: { buffer: ArrayBuffer }) => [...new Uint8Array(values.buffer)];

/** Element type, its little-endian bytes, what they mean. */
const CASES: readonly [keyof typeof DataType, number[], number[]][] = [
  ["FLOAT", bytesOf(Float32Array.of(1.5, -2, 2 ** -149, Infinity)), [1.5, -2, 2 ** -149, Infinity]],
  ["DOUBLE", bytesOf(Float64Array.of(0.1, -1e300)), [0.1, -1e300]],
  // 1, −2, the largest, the smallest normal, the smallest of all, −0, ∞.
  [
    "FLOAT16",
    bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x8000, 0x7c00)),
    [1, -2, 65504, 2 ** -14, 2 ** -24, -0, Infinity],
  ],
  [
    "BFLOAT16",
    bytesOf(Uint16Array.of(0x3f80, 0xc000, 0x4049, 0x0001, 0xff80)),
    [1, -2, 3.140625, 2 ** -133, -Infinity],
  ],
  ["UINT8", [0, 200, 255], [0, 200, 255]],
  ["INT8", [0, 127, 128, 255], [0, 127, -128, -1]],
  ["UINT16", bytesOf(Uint16Array.of(1, 65535)), [1, 65535]],
  ["INT16", bytesOf(Int16Array.of(1, -32768)), [1, -32768]],
  ["UINT32", bytesOf(Uint32Array.of(1, 4294967295)), [1, 4294967295]],
  ["INT32", bytesOf(Int32Array.of(1, -2147483648)), [1, -2147483648]],
  ["UINT64", bytesOf(BigUint64Array.of(1n, 2n ** 53n)), [1, 2 ** 53]],
  ["INT64", bytesOf(BigInt64Array.of(-1n, 2n ** 40n)), [-1, 2 ** 40]],
  ["BOOL", [1, 0, 1], [1, 0, 1]],
  // Two to a byte, the lower half first; the last byte is half empty.
  ["UINT4", [0x21, 0xf0, 0x07], [1, 2, 0, 15, 7]],
  ["INT4", [0x21, 0xf8, 0x07], [1, 2, -8, -1, 7]],
];

describe.each(CASES)("%s", (type, bytes, values) => {
  const dataType = DataType[type];
  const inside = tensor(dataType, values.length, { rawData: Uint8Array.from(bytes) });
  const outside = create(TensorProtoSchema, {
    ...inside,
    rawData: new Uint8Array(0),
    dataLocation: DataLocation.EXTERNAL,
    externalData: [
      { key: "location", value: "w.bin" },
      { key: "offset", value: "3" },
    ],
  });
  const sources = new Map([["w.bin", bytesSource(Uint8Array.of(9, 9, 9, ...bytes))]]);

  test.each([
    ["inside", inside],
    ["outside", outside],
  ])("any range of values %s the graph", async (_, read) => {
    expect(byteLength(dataType, values.length)).toBe(bytes.length);
    expect([...(await readValues(read, sources))]).toEqual(values);
    for (let start = 0; start <= values.length; start++) {
      for (let count = 0; start + count <= values.length; count++) {
        const part = [...(await readValues(read, sources, start, count))];
        expect(part, `${count} from ${start}`).toEqual(values.slice(start, start + count));
      }
    }
  });
});

test("half precision agrees with rounding to it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 0xffff }), async (bits) => {
      const read = async (dataType: number) => {
        const rawData = new Uint8Array(Uint16Array.of(bits).buffer);
        return (await readValues(tensor(dataType, 1, { rawData }), new Map()))[0]!;
      };
      // A float32's upper half is a bfloat16; float16 has a conversion of JavaScript's own.
      const single = new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
      expect(await read(DataType.BFLOAT16)).toEqual(single);
      const half = await read(DataType.FLOAT16);
      if ("f16round" in Math)
        expect((Math as { f16round: (x: number) => number }).f16round(half)).toEqual(half);
    }),
    { seed: 1 },
  );
});

test.each<[keyof typeof DataType, Fields, number[]]>([
  ["FLOAT", { floatData: [0.5, -1, 3] }, [0.5, -1, 3]],
  ["DOUBLE", { doubleData: [0.1, 0.2, 0.3] }, [0.1, 0.2, 0.3]],
  ["INT64", { int64Data: [-1n, 2n, 3n] }, [-1, 2, 3]],
  ["UINT64", { uint64Data: [1n, 2n, 3n] }, [1, 2, 3]],
  ["INT32", { int32Data: [-1, 2, 3] }, [-1, 2, 3]],
  ["INT8", { int32Data: [-128, 2, 3] }, [-128, 2, 3]],
  ["BOOL", { int32Data: [1, 0, 1] }, [1, 0, 1]],
  ["FLOAT16", { int32Data: [0x3c00, 0xc000, 0x3800] }, [1, -2, 0.5]],
  ["BFLOAT16", { int32Data: [0x3f80, 0xc000, 0x3f00] }, [1, -2, 0.5]],
  ["INT4", { int32Data: [0x21, 0xf8, 0x07] }, [1, 2, -8, -1, 7]],
  ["UINT4", { int32Data: [0x21, 0xf8, 0x07] }, [1, 2, 8, 15, 7]],
])("%s as a list", async (type, fields, values) => {
  const read = tensor(DataType[type], values.length, fields);
  expect([...(await readValues(read, new Map()))]).toEqual(values);
  expect([...(await readValues(read, new Map(), 1, 2))]).toEqual(values.slice(1, 3));
});

test("an element type without numbers is named", async () => {
  await expect(readValues(tensor(8, 1, {}), new Map())).rejects.toThrow("constant 'w' has element type 8");
});

test.each(["FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16"] as const)("ones in %s", async (type) => {
  const ones = unitVector("ones", 3, DataType[type]);
  expect(ones).toMatchObject({ name: "ones", dataType: DataType[type] });
  expect(dimsOf(ones)).toEqual([3]);
  expect([...(await readValues(ones, new Map()))]).toEqual([1, 1, 1]);
});

test("new constants hold what they were given", async () => {
  const shape = constant("shape", [2], [-1, 2 ** 40]);
  expect([...(await readValues(shape, new Map()))]).toEqual([-1, 2 ** 40]);
  expect([...(await readValues(constant("half", [], Float32Array.of(0.5)), new Map()))]).toEqual([0.5]);
  // A view into a larger buffer gives its own part only.
  const view = new Float32Array(Float32Array.of(1, 2, 3, 4).buffer, 4, 2);
  expect([...(await readValues(constant("view", [2], view), new Map()))]).toEqual([2, 3]);
});
