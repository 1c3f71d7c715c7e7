/** Canonical graphs compute what the originals do, which stay as they are. */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  type AttributeProto,
  type TensorProto,
} from "onnx-buf";
import { describe, expect, test } from "vitest";
import { float32, pseudoRandom } from "../../../test/conformance/tiny-models.ts";
import { createNodeRuntime } from "../../../worker/local/runtimes/node.ts";
import type { Feeds } from "../../runtime.ts";
import { attribute, makeContrib, makeNode, type Graph, type GraphInput, type Node } from "../graph.ts";
import { constant, DataType } from "../weights.ts";
import { writeModel } from "../write.ts";
import { canonicalise } from "./index.ts";

const runtime = await createNodeRuntime({ threads: 1 });

const x: GraphInput = { name: "x", elementType: DataType.FLOAT, dims: ["n", 6] };
const feeds: Feeds = { x: float32([3, 6], pseudoRandom(18)) };

function graphOf(
  nodes: readonly Node[],
  tensors: readonly TensorProto[] = [],
  { inputs = [x], outputs = ["y"], opset = 17 } = {},
): Graph {
  return {
    opset,
    irVersion: 10,
    producer: "test",
    inputs,
    outputs,
    nodes: [...nodes],
    initializers: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    sources: new Map(),
  };
}

const weight = (name: string, seed: number, ...dims: number[]) =>
  constant(
    name,
    dims,
    pseudoRandom(
      dims.reduce((a, b) => a * b, 1),
      seed,
    ),
  );

async function run(graph: Graph, given: Feeds): Promise<number[][]> {
  const session = await runtime.createSession(writeModel(graph));
  const known = Object.fromEntries(graph.inputs.map(({ name }) => [name, given[name]!]));
  const outputs = await session.run(known);
  await session.dispose();
  return graph.outputs.map((name) => [...(outputs[name]!.data as Float32Array)]);
}

/** The canonical form, which must give the same outputs and leave no trace in the original. */
async function canonicalTwin(original: Graph, given = feeds): Promise<Graph> {
  const snapshot = () => original.nodes.map((node) => toBinary(NodeProtoSchema, node));
  const before = snapshot();
  const canonical = canonicalise(original);
  const [expected, found] = [await run(original, given), await run(canonical, given)];
  expect(found).toHaveLength(expected.length);
  expected.forEach((values, i) => {
    expect(new Set(values).size).toBeGreaterThan(1);
    const error = values.map((value, j) => Math.abs(value - found[i]![j]!));
    expect(Math.max(...error)).toBeLessThan(2e-6);
  });
  expect(snapshot()).toEqual(before);
  return canonical;
}

const operators = ({ nodes }: Graph) => nodes.map(({ opType }) => opType);
const constants = ({ initializers }: Graph) => [...initializers.keys()].sort();

describe("Constant nodes become constants", () => {
  const valueOf = (name: string, fields: Partial<AttributeProto>) =>
    create(AttributeProtoSchema, { name, ...(fields as object) });

  test.each<[string, AttributeProto]>([
    ["value", valueOf("value", { type: AttributeType.TENSOR, t: weight("", 3, 6) })],
    ["value_float", valueOf("value_float", { type: AttributeType.FLOAT, f: 0.25 })],
    ["value_floats", valueOf("value_floats", { type: AttributeType.FLOATS, floats: [1, 2, 3, 4, 5, 6] })],
  ])("%s", async (_, value) => {
    const nodes = [makeNode("Constant", [], ["c"], [value]), makeNode("Mul", ["x", "c"], ["y"])];
    const canonical = await canonicalTwin(graphOf(nodes));
    expect(operators(canonical)).toEqual(["Mul"]);
    expect(canonical.initializers.get("c")!.name).toBe("c");
  });

  test("value_int and value_ints", async () => {
    const canonical = await canonicalTwin(
      graphOf([
        makeNode("Constant", [], ["one"], [attribute("value_int", 1)]),
        makeNode("Constant", [], ["shape"], [attribute("value_ints", [-1, 2])]),
        makeNode("Gather", ["x", "one"], ["row"], [attribute("axis", 0)]),
        makeNode("Reshape", ["row", "shape"], ["y"]),
      ]),
    );
    expect(operators(canonical)).toEqual(["Gather", "Reshape"]);
    expect(constants(canonical)).toEqual(["one", "shape"]);
  });

  test("strings stay where they are", () => {
    const text = valueOf("value_string", { type: AttributeType.STRING, s: Uint8Array.of(65) });
    const node = makeNode("Constant", [], ["y"], [text]);
    expect(operators(canonicalise(graphOf([node])))).toEqual(["Constant"]);
  });
});

describe("identities", () => {
  test("of activations and Dropout vanish", async () => {
    const canonical = await canonicalTwin(
      graphOf(
        [
          makeNode("Identity", ["x"], ["a"]),
          makeNode("Identity", ["a"], ["b"]),
          makeNode("Dropout", ["b"], ["c"]),
          makeNode("Dropout", ["w"], ["v"]),
          makeNode("Mul", ["c", "v"], ["d"]),
          makeNode("Identity", ["d"], ["y"]),
        ],
        [weight("w", 2, 6)],
      ),
    );
    expect(operators(canonical)).toEqual(["Mul"]);
    expect(canonical.nodes[0]!.input).toEqual(["x", "w"]);
  });

  test("of a constant are constants of their own over the same bytes", async () => {
    const canonical = await canonicalTwin(
      graphOf(
        [
          makeNode("Identity", ["w"], ["v"]),
          makeNode("Identity", ["v"], ["u"]),
          makeNode("Mul", ["x", "w"], ["a"]),
          makeNode("Add", ["a", "v"], ["b"]),
          makeNode("Sub", ["b", "u"], ["y"]),
        ],
        [weight("w", 2, 6)],
      ),
    );
    expect(constants(canonical)).toEqual(["u", "v", "w"]);
    expect(canonical.initializers.get("u")!.rawData).toBe(canonical.initializers.get("w")!.rawData);
  });

  test("vanish from the view of subgraphs too", async () => {
    const body = (name: string, opType: string) => {
      const node = [makeNode(opType, ["a", "b"], [`${name}/y`])];
      const g = { name, node, output: [{ name: `${name}/y` }] };
      return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g });
    };
    const original = graphOf([
      makeNode("Abs", ["x"], ["absolute"]),
      makeNode("Identity", ["absolute"], ["a"]),
      makeNode("Exp", ["x"], ["b"]),
      makeNode("Not", ["flag"], ["condition"]),
      makeNode("If", ["condition"], ["y"], [body("then_branch", "Mul"), body("else_branch", "Add")]),
    ]);
    original.inputs = [x, { name: "flag", elementType: DataType.BOOL, dims: [1] }];
    for (const flag of [0, 1]) {
      const given: Feeds = { ...feeds, flag: { type: "bool", dims: [1], data: Uint8Array.of(flag) } };
      expect(operators(await canonicalTwin(original, given))).toEqual(["Not", "Abs", "Exp", "If"]);
    }
  });

  test("between an input and an output stay, and so does Dropout that trains", async () => {
    const plain = await canonicalTwin(graphOf([makeNode("Identity", ["x"], ["y"])]));
    expect(operators(plain)).toEqual(["Identity"]);
    const mode = create(TensorProtoSchema, {
      name: "train",
      dataType: DataType.BOOL,
      rawData: Uint8Array.of(1),
    });
    const training = graphOf([makeNode("Dropout", ["x", "", "train"], ["y"])], [mode]);
    expect(operators(canonicalise(training))).toEqual(["Dropout"]);
  });

  test("twenty thousand in a row vanish", () => {
    const chain = Array.from({ length: 20_000 }, (_, i) =>
      makeNode("Identity", [i ? `v${i}` : "x"], [`v${i + 1}`]),
    );
    const canonical = canonicalise(graphOf([...chain, makeNode("Neg", ["v20000"], ["y"])]));
    expect(canonical.nodes).toMatchObject([{ opType: "Neg", input: ["x"] }]);
  });
});

describe("branches on use_cache_branch", () => {
  const flag: GraphInput = { name: "use_cache_branch", elementType: DataType.BOOL, dims: [1] };
  const branch = (name: string, opType: string, initializer: TensorProto[]) => {
    const node = [
      makeNode(opType, ["x", `${name}/w`], [`${name}/a`]),
      makeNode("Identity", [`${name}/a`], [`${name}/b`]),
      makeNode("Mul", [`${name}/b`, "shared"], [`${name}/y`]),
    ];
    const g = { name, node, initializer, output: [{ name: `${name}/y` }, { name: `${name}/a` }] };
    return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g });
  };

  test("give way to the one without a cache, with its weights", async () => {
    const original = graphOf(
      [
        makeNode(
          "If",
          ["use_cache_branch"],
          ["decoded", "extra"],
          [
            branch("then_branch", "Sub", [weight("then_branch/w", 4, 6)]),
            branch("else_branch", "Add", [weight("else_branch/w", 5, 6)]),
          ],
        ),
        makeNode("Neg", ["decoded"], ["y"]),
      ],
      [weight("shared", 6, 6)],
      { inputs: [x, flag], outputs: ["y", "extra"] },
    );
    const given: Feeds = { ...feeds, use_cache_branch: { type: "bool", dims: [1], data: Uint8Array.of(0) } };
    const canonical = await canonicalTwin(original, given);
    expect(operators(canonical)).toEqual(["Add", "Mul", "Neg"]);
    expect(constants(canonical)).toEqual(["else_branch/w", "shared"]);
    expect(canonical.inputs).toEqual([x]);
    // A second time: nothing of the first is left in the original.
    expect(await run(canonicalise(original), given)).toEqual(await run(canonical, given));
  });
});

describe("norms give up scale and bias", () => {
  const [scale, bias] = [weight("scale", 7, 6), weight("bias", 8, 6)];
  const axis = [attribute("axis", -1), attribute("epsilon", { float: 0.1 })];
  const square = () => makeNode("Mul", ["x", "x"], ["squares"]);

  test.each([
    ["LayerNormalization", 17, ["scale", "bias"], ["LayerNormalization", "Mul", "Add"]],
    ["LayerNormalization", 17, ["scale"], ["LayerNormalization", "Mul"]],
    ["SimplifiedLayerNormalization", 17, ["scale"], ["SimplifiedLayerNormalization", "Mul"]],
    ["RMSNormalization", 23, ["scale"], ["RMSNormalization", "Mul"]],
  ])("%s of opset %i with %j", async (opType, opset, parameters, expected) => {
    const norm = makeNode(opType, ["squares", ...parameters], ["y"], axis, "/h.0/norm/LayerNorm");
    const tensors = parameters.includes("bias") ? [scale, bias] : [scale];
    const canonical = await canonicalTwin(graphOf([square(), norm], tensors, { opset }));
    expect(operators(canonical)).toEqual(["Mul", ...expected]);
    // The scope in their names tells the layer.
    expect(canonical.nodes.slice(2).every(({ name }) => name.startsWith("/h.0/norm/"))).toBe(true);
  });

  test("in half precision as well", async () => {
    const half = (name: string, values: number[]) =>
      create(TensorProtoSchema, { name, dataType: DataType.FLOAT16, dims: [6n], int32Data: values });
    const nodes = [
      makeNode("Cast", ["x"], ["h"], [attribute("to", DataType.FLOAT16)]),
      makeNode("LayerNormalization", ["h", "scale"], ["n"], axis),
      makeNode("Cast", ["n"], ["y"], [attribute("to", DataType.FLOAT)]),
    ];
    // Powers of two: the product is rounded once, here and there.
    const original = graphOf(nodes, [half("scale", [0x3c00, 0x4000, 0x3800, 0xbc00, 0xc000, 0x4400])]);
    const canonical = canonicalise(original);
    expect(operators(canonical)).toEqual(["Cast", "LayerNormalization", "Mul", "Cast"]);
    const [[expected], [found]] = [await run(original, feeds), await run(canonical, feeds)];
    expected!.forEach((value, i) => expect(found![i]).toBeCloseTo(value, 2));
  });

  test("but stay where mean or deviation is wanted, or the scale is made by the graph", async () => {
    const wanted = graphOf(
      [makeNode("LayerNormalization", ["x", "scale", "bias"], ["y", "mean"], axis)],
      [scale, bias],
      { outputs: ["y", "mean"] },
    );
    expect(operators(await canonicalTwin(wanted))).toEqual(["LayerNormalization"]);
    const made = graphOf(
      [
        makeNode("Abs", ["scale"], ["positive"]),
        makeNode("LayerNormalization", ["x", "positive"], ["y"], axis),
      ],
      [scale],
    );
    expect(operators(await canonicalTwin(made))).toEqual(["Abs", "LayerNormalization"]);
  });
});

describe("Gemm gives up its bias", () => {
  const w = weight("w", 9, 4, 6);
  const gemm = (...more: AttributeProto[]) =>
    makeNode("Gemm", ["x", "w", "bias"], ["y"], [attribute("transB", 1), ...more], "/fc/Gemm");

  test.each([
    ["a vector", [4]],
    ["a row", [1, 4]],
    ["a scalar", []],
    ["a matrix", [3, 4]],
  ])("that is %s", async (_, dims) => {
    const alpha = attribute("alpha", { float: 0.5 });
    const canonical = await canonicalTwin(graphOf([gemm(alpha)], [w, weight("bias", 10, ...dims)]));
    expect(operators(canonical)).toEqual(["Gemm", "Add"]);
    expect(canonical.nodes[0]!.input).toEqual(["x", "w"]);
  });

  test("but not one that is scaled, or made by the graph", async () => {
    const bias = weight("bias", 10, 4);
    const beta = attribute("beta", { float: 0.5 });
    expect(operators(await canonicalTwin(graphOf([gemm(beta)], [w, bias])))).toEqual(["Gemm"]);
    const made = graphOf([makeNode("Neg", ["b"], ["bias"]), gemm()], [w, weight("b", 10, 4)]);
    expect(operators(await canonicalTwin(made))).toEqual(["Neg", "Gemm"]);
  });
});

test("nodes in any order, and those that nothing needs", async () => {
  const canonical = await canonicalTwin(
    graphOf(
      [
        makeNode("Identity", ["b"], ["y"]),
        makeNode("Identity", ["a"], ["b"]),
        makeContrib("BiasGelu", ["x", "w"], ["dead"]),
        makeNode("Mul", ["x", "w"], ["a"]),
      ],
      [weight("w", 2, 6)],
    ),
  );
  expect(operators(canonical)).toEqual(["Mul"]);
});
