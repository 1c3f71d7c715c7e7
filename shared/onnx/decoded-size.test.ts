import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { ModelProtoSchema } from "onnx-buf";
import { expect, test } from "vitest";
import { toyModel } from "../../test/support/toy-models.ts";
import { decodedSize } from "./decoded-size.ts";
import { ModelFormatError } from "./error.ts";
import { readModel } from "./read.ts";
import { bytesSource } from "./source.ts";
import { writeModel } from "./write.ts";

/** Numbers of fields: of a model, a graph, a node, an attribute, a constant, a type. */
const [GRAPH, NODE, CONSTANT, INPUT, ATTRIBUTE, NAME, INTS, LONGS] = [7, 1, 5, 11, 5, 1, 8, 7];

/** The field, holding the field, … holding the bytes. */
function nested(fields: readonly number[], bytes: Uint8Array): Uint8Array {
  return fields.reduceRight<Uint8Array>(
    (inner, field) => new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(inner).finish(),
    bytes,
  );
}

/** So many empty fields. */
function empty(field: number, count: number): Uint8Array {
  const bytes = new Uint8Array(2 * count);
  for (let i = 0; i < count; i++) bytes[2 * i] = (field << 3) | WireType.LengthDelimited;
  return bytes;
}

const BOMBS: [string, Uint8Array, number][] = [
  ["nodes", nested([GRAPH], empty(NODE, 100_000)), 27e6],
  ["constants", nested([GRAPH], empty(CONSTANT, 100_000)), 41e6],
  ["inputs", nested([GRAPH], empty(INPUT, 100_000)), 13e6],
  ["names in one node", nested([GRAPH, NODE], empty(NAME, 100_000)), 24e6],
  ["whole numbers of an attribute", nested([GRAPH, NODE, ATTRIBUTE, INTS], new Uint8Array(1e6)), 40e6],
  ["whole numbers of a constant", nested([GRAPH, CONSTANT, LONGS], new Uint8Array(1e6)), 40e6],
];

test.each(BOMBS)("%s that take many times their bytes", async (_, model, memory) => {
  expect(decodedSize(ModelProtoSchema, model, Infinity)).toBeGreaterThan(memory);
  expect(decodedSize(ModelProtoSchema, model, Infinity)).toBeLessThan(1.1 * memory);
  expect(decodedSize(ModelProtoSchema, model, memory)).toBeGreaterThan(memory);
  await expect(readModel(bytesSource(model), { memory })).rejects.toThrow("too much memory");
});

test("a real graph takes a few times its bytes", async () => {
  const { graph } = writeModel(toyModel("mlm").graph);
  const size = decodedSize(ModelProtoSchema, graph, Infinity);
  expect(size).toBeGreaterThan(graph.length);
  expect(size).toBeLessThan(20 * graph.length);
  await expect(readModel(bytesSource(graph), { memory: 2 ** 20 })).resolves.toHaveProperty("opset", 17);
});

test("what is no model, or nested without end", () => {
  const refused = (bytes: Uint8Array) => () => decodedSize(ModelProtoSchema, bytes, Infinity);
  expect(refused(nested([GRAPH], Uint8Array.of(0x0a, 0x05)))).toThrow(ModelFormatError);
  // A type within a type within a type …
  const types = Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 ? 4 : 1));
  expect(refused(nested([GRAPH, INPUT, 2, ...types], new Uint8Array(0)))).toThrow(
    "nested more than 100 deep",
  );
});
