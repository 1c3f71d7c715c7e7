/** Integer arithmetic on activations is refused, or rebuilt in floating point. */
import { create } from "@bufbuild/protobuf";
import { TensorProtoSchema, type TensorProto } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { float32, int64, pseudoRandom } from "../../../test/conformance/tiny-models.ts";
import { createNodeRuntime } from "../../../worker/local/runtimes/node.ts";
import type { Feeds } from "../../runtime.ts";
import { UnsupportedModelError } from "../error.ts";
import { attribute, makeContrib, makeNode, type Graph, type Node } from "../graph.ts";
import { constant, DataType } from "../weights.ts";
import { writeModel } from "../write.ts";
import { canonicalise } from "./index.ts";
import { roundsActivations } from "./integers.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const feeds: Feeds = { x: float32([3, 6], pseudoRandom(18)), ids: int64([2, 3], [1, 0, 4, 4, 2, 3]) };

const bytes = (length: number, seed: number) =>
  Uint8Array.from(pseudoRandom(length, seed), (value) => Math.round(127 * value) & 255);
const integers = (
  name: string,
  dataType: number,
  dims: readonly number[],
  rawData: Uint8Array<ArrayBuffer>,
) => create(TensorProtoSchema, { name, dataType, dims: dims.map(BigInt), rawData });
const floats = (name: string, ...values: number[]) =>
  constant(name, values.length === 1 ? [] : [values.length], Float32Array.from(values));

function graphOf(nodes: readonly Node[], tensors: readonly TensorProto[] = []): Graph {
  const read = new Set(nodes.flatMap(({ input }) => input));
  return {
    opset: 21,
    irVersion: 10,
    producer: "test",
    inputs: [
      { name: "x", elementType: DataType.FLOAT, dims: ["n", 6] },
      { name: "ids", elementType: DataType.INT64, dims: ["n", "t"] },
    ].filter(({ name }) => read.has(name)),
    outputs: ["y"],
    nodes: [...nodes],
    initializers: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    sources: new Map(),
  };
}

async function run(graph: Graph): Promise<number[]> {
  const session = await runtime.createSession(writeModel(graph));
  const known = graph.inputs.map(({ name }) => [name, feeds[name]!] as const);
  const { [graph.outputs[0]!]: output } = await session.run(Object.fromEntries(known));
  await session.dispose();
  return [...(output!.data as Float32Array)];
}

const operators = ({ nodes }: Graph) => nodes.map(({ opType }) => opType);
const largestError = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

test.each([
  ["QLinearMatMul", ""],
  ["ConvInteger", ""],
  ["QAttention", "com.microsoft"],
  ["DynamicQuantizeMatMul", "com.microsoft"],
  ["MatMulIntegerToFloat", "com.microsoft"],
  ["QGemm", "com.microsoft"],
  ["QEmbedLayerNormalization", "com.microsoft"],
])("%s is refused by name", (opType, domain) => {
  const node = (domain ? makeContrib : makeNode)(opType, ["x"], ["y"], [], "/fc/q");
  expect(() => canonicalise(graphOf([node]))).toThrow(UnsupportedModelError);
  expect(() => canonicalise(graphOf([node]))).toThrow(
    `${opType} '/fc/q' computes with activations rounded to integers, whose derivatives mean nothing. ` +
      "Quantise the weights only, or export in floating point.",
  );
});

test("activations quantised on the way are refused, weights are not", async () => {
  const [scale, zero] = [floats("scale", 0.01), integers("zero", DataType.INT8, [], Uint8Array.of(3))];
  const through = (value: string) => [
    makeNode("QuantizeLinear", [value, "scale", "zero"], ["q"]),
    makeNode("DequantizeLinear", ["q", "scale", "zero"], ["d"]),
  ];
  const activations = graphOf([...through("x"), makeNode("Neg", ["d"], ["y"])], [scale, zero]);
  expect(() => canonicalise(activations)).toThrow("QuantizeLinear");
  const w = constant("w", [6], pseudoRandom(6, 5));
  const weights = graphOf([...through("w"), makeNode("Mul", ["x", "d"], ["y"])], [scale, zero, w]);
  expect(largestError(await run(canonicalise(weights)), await run(weights))).toBe(0);
});

describe("dynamic quantisation", () => {
  const weight = integers("w", DataType.INT8, [6, 4], bytes(24, 2));
  const dynamic = (inputs: readonly string[]) => [
    makeNode("DynamicQuantizeLinear", ["x"], ["xq", "x scale", "x zero"]),
    makeNode("MatMulInteger", ["xq", "w", "x zero", ...inputs], ["sums"], [], "/fc/MatMul"),
    makeNode("Cast", ["sums"], ["cast"], [attribute("to", DataType.FLOAT)]),
    makeNode("Mul", ["x scale", "w scale"], ["scales"]),
    makeNode("Mul", ["cast", "scales"], ["y"]),
  ];

  test.each<[string, TensorProto[]]>([
    ["without a zero point", [floats("w scale", 0.01)]],
    ["with one", [floats("w scale", 0.01), integers("w zero", DataType.INT8, [], Uint8Array.of(5))]],
    [
      "with one for each column",
      [
        floats("w scale", 0.01, 0.02, 0.03, 0.04),
        integers("w zero", DataType.INT8, [4], Uint8Array.of(0, 5, 250, 1)),
      ],
    ],
  ])("%s becomes a product with the dequantised weight", async (_, tensors) => {
    const inputs = tensors.length > 1 ? ["w zero"] : [];
    const original = graphOf(dynamic(inputs), [weight, ...tensors]);
    const canonical = canonicalise(original);
    expect(operators(canonical)).toEqual(["DequantizeLinear", "MatMul"]);
    expect(canonical.nodes[1]!.name).toBe("/fc/MatMul");
    expect(operators(original)).toHaveLength(5);
    const exact = graphOf(
      [
        makeNode("DequantizeLinear", ["w", "w scale", ...inputs], ["float"], [attribute("axis", 1)]),
        makeNode("MatMul", ["x", "float"], ["y"]),
      ],
      [weight, ...tensors],
    );
    const found = await run(canonical);
    expect(largestError(found, await run(exact))).toBeLessThan(1e-6);
    // The original rounds activations to 8 bits.
    const largest = Math.max(...found.map(Math.abs));
    expect(largestError(found, await run(original)) / largest).toBeLessThan(0.02);
    expect([roundsActivations(original), roundsActivations(canonical)]).toEqual([true, false]);
  });

  test("in an unknown pattern is refused", () => {
    const tensors = [weight, floats("w scale", 0.01)];
    const refusal = "MatMulInteger '/fc/MatMul' multiplies integers in a way that Plateau does not know";
    const bare = dynamic([]).slice(0, 2);
    const graph = graphOf([...bare, makeNode("Identity", ["sums"], ["y"])], tensors);
    expect(() => canonicalise(graph)).toThrow(UnsupportedModelError);
    expect(() => canonicalise(graph)).toThrow(refusal);
    const noScale = dynamic([]).with(3, makeNode("Mul", ["x scale", "x scale"], ["scales"]));
    expect(() => canonicalise(graphOf(noScale, tensors))).toThrow(refusal);
  });
});

describe("rows looked up as integers", () => {
  const table = integers("table", DataType.UINT8, [5, 4], bytes(20, 3));
  const nodes = (scale: string) => [
    makeNode("Gather", ["table", "ids"], ["rows"]),
    makeNode("DequantizeLinear", ["rows", scale, "zero"], ["y"]),
  ];

  test("come from a table dequantised before", async () => {
    const zero = integers("zero", DataType.UINT8, [], Uint8Array.of(128));
    const original = graphOf(nodes("scale"), [table, floats("scale", 0.05), zero]);
    const canonical = canonicalise(original);
    expect(operators(canonical)).toEqual(["DequantizeLinear", "Gather"]);
    expect(largestError(await run(canonical), await run(original))).toBe(0);
  });

  test("unless the scale differs along an axis", async () => {
    const zero = integers("zero", DataType.UINT8, [4], Uint8Array.of(128, 1, 2, 3));
    const scale = floats("scale", 0.05, 0.1, 0.2, 0.3);
    const [gather, dequantise] = nodes("scale") as [Node, Node];
    dequantise.attribute = [attribute("axis", 2)];
    const original = graphOf([gather, dequantise], [table, scale, zero]);
    const canonical = canonicalise(original);
    expect(operators(canonical)).toEqual(["Gather", "DequantizeLinear"]);
    expect(largestError(await run(canonical), await run(original))).toBe(0);
  });
});

test("packed weights whose product rounds activations are told not to", async () => {
  const packed = (level: number) =>
    graphOf(
      [
        makeNode("Concat", ["x", "x", "x"], ["wide"], [attribute("axis", 1)]),
        makeNode("Slice", ["wide", "from", "to", "axis"], ["sixteen"]),
        makeContrib(
          "MatMulNBits",
          ["sixteen", "w", "scale"],
          ["y"],
          [
            attribute("K", 16),
            attribute("N", 3),
            attribute("bits", 4),
            attribute("block_size", 16),
            attribute("accuracy_level", level),
          ],
        ),
      ],
      [
        integers("w", DataType.UINT8, [3, 1, 8], bytes(24, 4)),
        floats("scale", 0.1, 0.2, 0.3),
        constant("from", [1], [0]),
        constant("to", [1], [16]),
        constant("axis", [1], [1]),
      ],
    );
  const rounding = packed(4);
  const canonical = canonicalise(rounding);
  expect([roundsActivations(rounding), roundsActivations(canonical)]).toEqual([true, false]);
  expect(roundsActivations(packed(1))).toBe(false);
  expect(largestError(await run(canonical), await run(packed(1)))).toBe(0);
  expect(largestError(await run(rounding), await run(packed(1)))).toBeLessThan(0.05);
});
