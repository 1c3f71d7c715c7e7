import { create } from "@bufbuild/protobuf";
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
    name: "w",
    dataType,
    dims: inside.dims,
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

test("every bit pattern of half precision", async () => {
  const bits = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);
  const read = (dataType: number) =>
    readValues(tensor(dataType, bits.length, { rawData: new Uint8Array(bits.buffer) }), new Map());
  // JavaScript has float16 of its own; a bfloat16 is the upper half of a float32.
  const half = new Float16Array(bits.buffer);
  const brain = new Float32Array(Uint32Array.from(bits, (pattern) => pattern << 16).buffer);
  expect(await read(DataType.FLOAT16)).toEqual(Float64Array.from(half));
  expect(await read(DataType.BFLOAT16)).toEqual(Float64Array.from(brain));
});

declare class Float16Array extends Array<number> {
  constructor(buffer: ArrayBufferLike);
}

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
