import { create } from "@bufbuild/protobuf";
import { TensorProto_DataLocation as DataLocation, TensorProtoSchema, type TensorProto } from "onnx-buf";
import { expect, test } from "vitest";
import { normalSource } from "../../test/support/random.ts";
import type { Graph } from "./graph.ts";
import { bytesSource, type ByteSource } from "./source.ts";
import { findTies } from "./ties.ts";
import { constant, DataType } from "./weights.ts";

const normal = normalSource(5);
const noise = (length: number) => Float32Array.from({ length }, normal);

function transposeOf(values: Float32Array, rows: number): Float32Array {
  const columns = values.length / rows;
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
}

function ties(tensors: readonly TensorProto[], source: ByteSource = bytesSource(new Uint8Array(0))) {
  const graph: Graph = {
    opset: 17,
    irVersion: 8,
    producer: "test",
    inputs: [],
    outputs: [],
    nodes: [],
    initializers: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    sources: new Map([["", source]]),
  };
  return findTies(graph, tensors);
}

const table = noise(20 * 9);

test("copies and transposed copies are tied to the first", async () => {
  const found = await ties([
    constant("first", [20, 9], table),
    constant("turned", [9, 20], transposeOf(table, 20)),
    constant("other", [20, 9], noise(180)),
    constant("same", [20, 9], table.slice()),
  ]);
  expect(found).toEqual(
    new Map([
      ["turned", { leader: "first", transposed: true }],
      ["same", { leader: "first", transposed: false }],
    ]),
  );
});

test("square ones too, symmetric ones as plain copies", async () => {
  const square = noise(81);
  const symmetric = square.map((value, i) => value + transposeOf(square, 9)[i]!);
  const found = await ties([
    constant("square", [9, 9], square),
    constant("turned", [9, 9], transposeOf(square, 9)),
    constant("symmetric", [9, 9], symmetric),
    constant("symmetric again", [9, 9], transposeOf(symmetric, 9)),
  ]);
  expect(found).toEqual(
    new Map([
      ["turned", { leader: "square", transposed: true }],
      ["symmetric again", { leader: "symmetric", transposed: false }],
    ]),
  );
});

test.each([0, 8, 63, 64, 179])("one different value, number %i, unties", async (changed) => {
  const other = table.with(changed, 7);
  const found = await ties([
    constant("first", [20, 9], table),
    constant("copy", [20, 9], other),
    constant("turned", [9, 20], transposeOf(table.with(changed, 8), 20)),
  ]);
  expect(found.size).toBe(0);
});

test("vectors, constant fills, other shapes and other types are separate parameters", async () => {
  const vector = noise(12);
  const doubles = create(TensorProtoSchema, {
    name: "double",
    dataType: DataType.DOUBLE,
    dims: [20n, 9n],
    doubleData: [...table],
  });
  const found = await ties([
    constant("bias", [12], vector),
    constant("same bias", [12], vector),
    constant("row", [1, 12], vector),
    constant("same row", [1, 12], vector),
    constant("zeros", [6, 2], new Float32Array(12)),
    constant("more zeros", [6, 2], new Float32Array(12)),
    constant("matrix", [20, 9], table),
    constant("reshaped", [10, 18], table),
    constant("deep", [4, 5, 9], table),
    doubles,
  ]);
  expect(found.size).toBe(0);
});

test("tensors of more axes are tied where they are equal", async () => {
  const found = await ties([constant("a", [4, 5, 9], table), constant("b", [4, 5, 9], table)]);
  expect(found.get("b")).toEqual({ leader: "a", transposed: false });
});

test("larger tensors are compared to the end, in blocks", async () => {
  const [rows, columns] = [1100, 1000];
  const large = noise(rows * columns);
  const turned = transposeOf(large, rows);
  const last = large.length - 1;
  const found = await ties([
    constant("large", [rows, columns], large),
    constant("copy", [rows, columns], large.slice()),
    constant("turned", [columns, rows], turned),
    constant("almost", [rows, columns], large.with(last, 9)),
    constant("almost turned", [columns, rows], turned.with(last, 8)),
  ]);
  expect([...found.keys()]).toEqual(["copy", "turned"]);
});

test("transposed copies are read in order, each once, a few megabytes at a time", async () => {
  const [rows, columns] = [3000, 1100];
  const large = noise(rows * columns);
  const file = new Uint8Array(8 * large.length);
  file.set(new Uint8Array(large.buffer));
  file.set(new Uint8Array(transposeOf(large, rows).buffer), 4 * large.length);
  const pointing = (name: string, dims: readonly number[], offset: number) =>
    create(TensorProtoSchema, {
      name,
      dataType: DataType.FLOAT,
      dims: dims.map(BigInt),
      dataLocation: DataLocation.EXTERNAL,
      externalData: [{ key: "offset", value: String(offset) }],
    });
  const reads: number[] = [];
  const source = {
    size: file.length,
    read(offset: number, length: number) {
      reads.push(length);
      return file.subarray(offset, offset + length);
    },
  };
  const tensors = [pointing("a", [rows, columns], 0), pointing("b", [columns, rows], 4 * large.length)];
  const found = await ties(tensors, source);
  expect(found.get("b")).toEqual({ leader: "a", transposed: true });
  expect(Math.max(...reads)).toBeLessThan(5 * 2 ** 20);
  expect(reads.reduce((sum, length) => sum + length, 0)).toBeLessThan(1.01 * file.length);
  expect(reads.length).toBeLessThan(50);
});

test("entries that changed places or signs untie", async () => {
  const swapped = table.slice();
  [swapped[20], swapped[150]] = [swapped[150]!, swapped[20]!];
  const signs = table.slice();
  for (const place of [20, 30, 40, 50]) signs[place]! *= -1;
  const found = await ties([
    constant("first", [20, 9], table),
    constant("swapped", [9, 20], transposeOf(swapped, 20)),
    constant("signs", [9, 20], transposeOf(signs, 20)),
  ]);
  expect(found.size).toBe(0);
});

test("the same bytes of a file are the same tensor without being read to the end", async () => {
  const values = noise(100);
  const pointing = (name: string) =>
    create(TensorProtoSchema, {
      name,
      dataType: DataType.FLOAT,
      dims: [50_000n, 1_000n],
      dataLocation: DataLocation.EXTERNAL,
    });
  const found = await ties([pointing("a"), pointing("b")], bytesSource(new Uint8Array(values.buffer)));
  expect(found.get("b")).toEqual({ leader: "a", transposed: false });
});

test("half-bytes are compared value by value, at odd places too", async () => {
  const packed = (name: string, dims: readonly number[], values: readonly number[]) =>
    create(TensorProtoSchema, {
      name,
      dataType: DataType.UINT4,
      dims: dims.map(BigInt),
      rawData: Uint8Array.from({ length: Math.ceil(values.length / 2) }, (_, i) => {
        return values[2 * i]! | ((values[2 * i + 1] ?? 0) << 4);
      }),
    });
  const values = Array.from({ length: 15 }, (_, i) => (7 * i + 3) % 16);
  const turned = [...transposeOf(Float32Array.from(values), 5)];
  const found = await ties([packed("a", [5, 3], values), packed("b", [3, 5], turned)]);
  expect(found.get("b")).toEqual({ leader: "a", transposed: true });
});
