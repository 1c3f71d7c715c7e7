import { expect, test } from "vitest";
import { attribute, makeNode, type Graph } from "../../../shared/onnx/graph.ts";
import { constant, DataType } from "../../../shared/onnx/weights.ts";
import { writeModel } from "../../../shared/onnx/write.ts";
import { randomSource } from "../../../test/support/random.ts";
import { zooModel } from "../testing/models.ts";
import { cachedSource } from "./cached-source.ts";
import { inspectModel } from "./inspect-model.ts";

/** A source that counts how often, and how much, it is asked. */
class Counted {
  readonly size: number;
  reads = 0;
  bytesRead = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.size = bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    if (offset < 0 || length < 1 || offset + length > this.size) throw new Error("out of bounds");
    this.reads++;
    this.bytesRead += length;
    return this.bytes.slice(offset, offset + length);
  }
}

test.each([
  ["a file that is remembered whole", 100_000, 1024],
  ["one that is not", 1_000_000, 8],
])("reads what is there: %s", async (_, size, lines) => {
  const random = randomSource(size);
  const bytes = Uint8Array.from({ length: size }, () => 256 * random());
  const cached = cachedSource(new Counted(bytes), lines);
  for (let i = 0; i < 2000; i++) {
    const offset = Math.floor(size * random() * random());
    const length = Math.min(size - offset, Math.floor(60_000 * random() ** 4));
    const found = await cached.read(offset, length);
    expect(Buffer.compare(found, bytes.subarray(offset, offset + length)), `${offset}, ${length}`).toBe(0);
  }
});

test("a model of the zoo takes a handful of reads", async () => {
  const source = new Counted(await zooModel("adamw-d96-s1-step-4000"));
  await inspectModel(cachedSource(source));
  expect(source.reads).toBeLessThan(12);
});

/** Products one after another, each with a weight of its own between beginnings that must be read. */
function deepModel(layers: number, width: number): Uint8Array {
  const random = randomSource(1);
  const initializers: Graph["initializers"] = new Map();
  const add = (name: string, dims: number[]) => {
    const values = Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => random() - 0.5);
    initializers.set(name, constant(name, dims, values));
    return name;
  };
  const nodes = [
    makeNode("Gather", [add("words", [500, width]), "input_ids"], ["x0"], [attribute("axis", 0)]),
  ];
  for (let i = 0; i < layers; i++) {
    nodes.push(makeNode("MatMul", [`x${i}`, add(`layers.${i}.weight`, [width, width])], [`y${i}`]));
    nodes.push(makeNode("Add", [`y${i}`, add(`layers.${i}.bias`, [width])], [`x${i + 1}`]));
  }
  nodes.push(makeNode("MatMul", [`x${layers}`, add("head", [width, 500])], ["logits"]));
  return writeModel({
    ...{ opset: 17, irVersion: 8, producer: "test", nodes, initializers, sources: new Map() },
    inputs: [{ name: "input_ids", elementType: DataType.INT64, dims: ["batch", "sequence"] }],
    outputs: ["logits"],
  }).graph;
}

test("a model of hundreds of constants takes little more than a read for each, and not all its bytes", async () => {
  const layers = 100;
  const model = deepModel(layers, 384);
  // Larger than what is remembered, each weight larger than a window of the walk over the file.
  expect(model.length).toBeGreaterThan(50 * 2 ** 20);
  const source = new Counted(model);
  const { parameters, vocabulary } = await inspectModel(cachedSource(source));
  expect(parameters).toBe(layers * (384 * 384 + 384) + 2 * 500 * 384);
  expect(vocabulary).toBe(500);
  expect(source.reads).toBeLessThan(3 * layers);
  expect(source.bytesRead).toBeLessThan(0.6 * model.length);
});
