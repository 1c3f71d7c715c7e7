/** Fused operators, taken apart, compute the same; where they cannot be, they stay. */
import type { TensorProto } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { float32, pseudoRandom } from "../../../test/conformance/tiny-models.ts";
import { createNodeRuntime } from "../../../worker/local/runtimes/node.ts";
import type { Feeds, Tensor } from "../../runtime.ts";
import { attribute, makeContrib, makeNode, type Graph, type GraphInput, type Node } from "../graph.ts";
import { constant, DataType } from "../weights.ts";
import { writeModel } from "../write.ts";
import { canonicalise } from "./index.ts";

const runtime = await createNodeRuntime({ threads: 1 });

const [N, T, D] = [2, 5, 8];
const int32 = (dims: readonly number[], data: readonly number[]): Tensor => {
  return { type: "int32", dims, data: Int32Array.from(data) };
};
const feeds: Feeds = {
  x: float32([N, T, D], pseudoRandom(N * T * D)),
  skip: float32([N, T, D], pseudoRandom(N * T * D, 2)),
  ids: int32([N, T], [1, 2, 3, 0, 6, 5, 4, 4, 0, 2]),
  types: int32([N, T], [0, 0, 1, 1, 1, 0, 1, 0, 0, 0]),
  positions: int32([N, T], [4, 3, 2, 1, 0, 0, 0, 1, 1, 2]),
  mask: int32([N, T], [1, 1, 1, 1, 1, 1, 1, 1, 0, 0]),
  bias4: float32([1, 1, T, T], pseudoRandom(T * T, 3)),
};
const INPUTS: readonly GraphInput[] = Object.entries(feeds).map(([name, { type, dims }]) => {
  return { name, elementType: type === "int32" ? DataType.INT32 : DataType.FLOAT, dims };
});

const weight = (name: string, seed: number, ...dims: number[]): TensorProto =>
  constant(
    name,
    dims,
    pseudoRandom(
      dims.reduce((a, b) => a * b, 1),
      seed,
    ),
  );
const TENSORS = [
  weight("scale", 4, D),
  weight("bias", 5, D),
  weight("input bias", 6, D),
  weight("words", 7, 7, D),
  weight("orders", 8, 6, D),
  weight("kinds", 9, 2, D),
  weight("packed", 10, D, 3 * D),
  weight("packed bias", 11, 3 * D),
  constant("zero bias", [3 * D], new Float32Array(3 * D)),
  constant("last axis", [1], [1]),
  weight("uneven", 12, D, 20),
  weight("uneven bias", 13, 20),
];

async function run(graph: Graph): Promise<number[][]> {
  const session = await runtime.createSession(writeModel(graph));
  const outputs = await session.run(Object.fromEntries(graph.inputs.map(({ name }) => [name, feeds[name]!])));
  await session.dispose();
  return graph.outputs.map((name) => Array.from(outputs[name]!.data as Float32Array));
}

function graphOf(nodes: readonly Node[], outputs: string[]): Graph {
  const read = new Set(nodes.flatMap(({ input }) => input));
  return {
    opset: 17,
    irVersion: 8,
    producer: "test",
    inputs: INPUTS.filter(({ name }) => read.has(name)),
    outputs,
    nodes: [...nodes],
    initializers: new Map(
      TENSORS.filter(({ name }) => read.has(name)).map((tensor) => [tensor.name, tensor]),
    ),
    sources: new Map(),
  };
}

/** Operators of the canonical form, which must give the same outputs. */
async function apart(nodes: readonly Node[], outputs = ["y"]): Promise<string[]> {
  const original = graphOf(nodes, outputs);
  const canonical = canonicalise(original);
  const [expected, found] = [await run(original), await run(canonical)];
  expected.forEach((values, i) => {
    expect(new Set(values).size).toBeGreaterThan(1);
    expect(Math.max(...values.map((value, j) => Math.abs(value - found[i]![j]!)))).toBeLessThan(3e-6);
  });
  return canonical.nodes.map(({ opType }) => opType);
}

const epsilon = attribute("epsilon", { float: 0.01 });

describe("SkipLayerNormalization", () => {
  const skip = (inputs: string[], outputs = ["y"], opType = "SkipLayerNormalization") =>
    makeContrib(opType, ["x", "skip", "scale", ...inputs], outputs, [epsilon]);
  const scaled = ["LayerNormalization", "Mul"];

  test("with any of its biases", async () => {
    expect(await apart([skip([])])).toEqual(["Add", ...scaled]);
    expect(await apart([skip(["bias"])])).toEqual(["Add", ...scaled, "Add"]);
    expect(await apart([skip(["bias", "input bias"])])).toEqual(["Add", "Add", ...scaled, "Add"]);
    expect(await apart([skip(["", "input bias"])])).toEqual(["Add", "Add", ...scaled]);
  });

  test("with the sum as an output", async () => {
    const node = skip(["bias", "input bias"], ["normed", "", "", "sum"]);
    await apart([node, makeNode("Mul", ["normed", "sum"], ["y"])], ["y", "sum"]);
  });

  test("simplified", async () => {
    const simplified = ["SimplifiedLayerNormalization", "Mul"];
    const opType = "SkipSimplifiedLayerNormalization";
    expect(await apart([skip([], ["y"], opType)])).toEqual(["Add", ...simplified]);
    const node = skip(["input bias"], ["y", "", "", "sum"], opType);
    expect(await apart([node], ["y", "sum"])).toEqual(["Add", "Add", ...simplified]);
  });

  test("stays where its mean is read", () => {
    const graph = graphOf([skip(["bias"], ["normed", "mean"])], ["normed", "mean"]);
    expect(canonicalise(graph).nodes.map(({ opType }) => opType)).toEqual(["SkipLayerNormalization"]);
  });
});

test.each([
  ["BiasGelu", "Gelu"],
  ["FastGelu", "FastGelu"],
])("%s", async (opType, inner) => {
  expect(await apart([makeContrib(opType, ["x", "bias"], ["y"])])).toEqual(["Add", inner]);
});

test("FastGelu without a bias stays", async () => {
  expect(await apart([makeContrib("FastGelu", ["x"], ["y"])])).toEqual(["FastGelu"]);
});

describe("EmbedLayerNormalization", () => {
  const embed = (inputs: readonly string[], outputs = ["y", "lengths"]) =>
    makeContrib("EmbedLayerNormalization", inputs, outputs, [epsilon]);
  const tables = ["words", "orders", "kinds", "scale", "bias"];

  test("with token types, positions of its own and a mask", async () => {
    const found = await apart([embed(["ids", "types", ...tables])]);
    expect(found.filter((opType) => opType === "Gather")).toHaveLength(4);
    expect(found.slice(-3)).toEqual(["LayerNormalization", "Mul", "Add"]);
    await apart([embed(["ids", "types", ...tables, "mask"])]);
  });

  test("with given positions", async () => {
    const found = await apart([embed(["ids", "types", ...tables, "", "positions"])]);
    expect(found.filter((opType) => opType === "Gather")).toHaveLength(3);
  });

  test("without token types, with its sum", async () => {
    await apart([embed(["ids", "", "words", "orders", "", "scale", "bias"], ["y", "", "sum"])], ["y", "sum"]);
  });

  test("its lengths of a mask become the mask for the attention that reads them", async () => {
    const found = await apart([
      embed(["ids", "types", ...tables, "mask"], ["e", "lengths"]),
      makeContrib("Attention", ["e", "packed", "packed bias", "lengths"], ["y"], [attribute("num_heads", 2)]),
    ]);
    expect(found).toContain("MultiHeadAttention");
  });
});

describe("Attention", () => {
  const attention = (inputs: readonly string[], ...more: Parameters<typeof attribute>[]) =>
    makeContrib(
      "Attention",
      inputs,
      ["y"],
      [attribute("num_heads", 2), ...more.map(([name, value]) => attribute(name, value))],
    );
  const packed = ["x", "packed", "packed bias"];

  test.each<[string, Node]>([
    ["plain", attention(packed)],
    ["with a mask", attention([...packed, "mask"])],
    ["causal", attention(packed, ["unidirectional", 1])],
    ["causal with a mask", attention([...packed, "mask"], ["unidirectional", 1])],
    ["with a scale of its own", attention(packed, ["scale", { float: 0.3 }])],
    ["with an attention bias", attention([...packed, "", "", "bias4"])],
    [
      "with values of another width",
      attention(["x", "uneven", "uneven bias"], ["qkv_hidden_sizes", [8, 8, 4]]),
    ],
  ])("%s", async (_, node) => {
    const found = await apart([node]);
    expect(found[0]).toBe("MatMul");
    expect(found.slice(-2)).toEqual(["Split", "MultiHeadAttention"]);
  });

  test("without a bias", async () => {
    // ONNX Runtime crashes on Attention itself without one.
    const bare = canonicalise(graphOf([attention(["x", "packed"])], ["y"]));
    const [[expected], [found]] = [
      await run(graphOf([attention(["x", "packed", "zero bias"])], ["y"])),
      await run(bare),
    ];
    expect(bare.nodes.map(({ opType }) => opType)).toEqual(["MatMul", "Split", "MultiHeadAttention"]);
    expected!.forEach((value, i) => expect(found![i]).toBeCloseTo(value, 5));
  });

  test.each<[string, Node[]]>([
    ["counted", [makeNode("ReduceSum", ["mask", "last axis"], ["lengths"], [attribute("keepdims", 0)])]],
    [
      "counted as long integers",
      [
        makeNode("Cast", ["mask"], ["long"], [attribute("to", DataType.INT64)]),
        makeNode("ReduceSum", ["long", "last axis"], ["sums"], [attribute("keepdims", 0)]),
        makeNode("Cast", ["sums"], ["lengths"], [attribute("to", DataType.INT32)]),
      ],
    ],
  ])("with its mask as lengths, %s", async (_, lengths) => {
    expect((await apart([...lengths, attention([...packed, "lengths"])])).at(-1)).toMatch(/Attention$/);
  });
});
