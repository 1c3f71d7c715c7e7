import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  TensorProtoSchema,
  type TensorProto,
} from "onnx-buf";
import { describe, expect, test } from "vitest";
import { normalSource } from "../../test/support/random.ts";
import { canonicalise } from "./canonical/index.ts";
import { attribute, makeContrib, makeNode, type Graph, type Node } from "./graph.ts";
import { findParameters } from "./parameters.ts";
import { constant, DataType } from "./weights.ts";

function graphOf(nodes: readonly Node[], tensors: readonly TensorProto[], outputs = ["y"]): Graph {
  return {
    opset: 17,
    irVersion: 8,
    producer: "test",
    inputs: [
      { name: "ids", elementType: DataType.INT64, dims: ["n", "t"] },
      { name: "x", elementType: DataType.FLOAT, dims: ["n", "t", 6] },
    ],
    outputs,
    nodes: [...nodes],
    initializers: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    sources: new Map(),
  };
}

const normal = normalSource(3);
const weight = (name: string, ...dims: number[]) =>
  constant(name, dims, Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, normal));
const values = (tensor: TensorProto) => new Float32Array(tensor.rawData.slice().buffer);

function transposed(name: string, tensor: TensorProto): TensorProto {
  const [rows, columns] = tensor.dims.map(Number) as [number, number];
  const from = values(tensor);
  return constant(
    name,
    [columns, rows],
    from.map((_, i) => from[(i % rows) * columns + Math.floor(i / rows)]!),
  );
}

const matmul = (x: string, w: string, y: string, name?: string) => makeNode("MatMul", [x, w], [y], [], name);

async function summary(graph: Graph) {
  const { parameters } = await findParameters(graph);
  return parameters.map(({ name, dims, kind, layer }) => ({ name, dims, kind, layer }));
}

test("kinds, layers, sizes and order of execution", async () => {
  const graph = graphOf(
    [
      makeNode("Gather", ["words.weight", "ids"], ["e"]),
      makeNode("Mul", ["e", "h.0.norm.weight"], ["n"]),
      makeNode("Add", ["h.0.norm.bias", "n"], ["b"]),
      matmul("b", "h.0.fc.weight", "c"),
      makeNode("Conv", ["c", "encoder.layer.11.conv.weight"], ["d"]),
      makeNode("Add", ["d", "epsilon"], ["f"]),
      matmul("f", "head.weight", "y"),
    ],
    [
      weight("head.weight", 6, 9),
      weight("encoder.layer.11.conv.weight", 6, 6, 3),
      weight("h.0.fc.weight", 6, 6),
      weight("h.0.norm.bias", 6),
      weight("h.0.norm.weight", 6),
      weight("words.weight", 9, 6),
      weight("epsilon"),
      constant("shape", [2], [0, -1]),
    ],
  );
  expect(await summary(graph)).toEqual([
    { name: "words.weight", dims: [9, 6], kind: "embedding", layer: null },
    { name: "h.0.norm.weight", dims: [6], kind: "norm", layer: 0 },
    { name: "h.0.norm.bias", dims: [6], kind: "bias", layer: 0 },
    { name: "h.0.fc.weight", dims: [6, 6], kind: "matrix", layer: 0 },
    { name: "encoder.layer.11.conv.weight", dims: [6, 6, 3], kind: "tensor", layer: 11 },
    { name: "head.weight", dims: [6, 9], kind: "matrix", layer: null },
  ]);
  const { parameters, fixed } = await findParameters(graph);
  expect(parameters.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(parameters.map(({ count }) => count)).toEqual([54, 6, 6, 36, 108, 54]);
  // Scalars are too many to list.
  expect(fixed).toEqual([]);
});

test("constants that are no parameters are listed with their reason", async () => {
  const graph = graphOf(
    [makeNode("Clip", ["x", "limits"], ["y"])],
    [weight("limits", 6), weight("spare", 2, 3)],
  );
  expect(await findParameters(graph)).toEqual({
    parameters: [],
    fixed: [
      { name: "limits", dims: [6], reason: "a setting of Clip" },
      { name: "spare", dims: [2, 3], reason: "unused" },
    ],
  });
});

describe("names", () => {
  test("that an exporter made up give way to the node's scope, the bias's name or a number", async () => {
    const graph = graphOf(
      [
        matmul("x", "onnx::MatMul_7", "a", "/model/layers.2/mlp/up/MatMul"),
        matmul("a", "val_3", "b"),
        makeNode("Add", ["b", "layers.3.fc.bias"], ["c"]),
        makeNode("Mul", ["c", "onnx::Mul_9"], ["d"], [], "/layers.4/norm/Mul"),
        matmul("d", "11", "y", "MatMul_5"),
      ],
      [
        weight("onnx::MatMul_7", 6, 6),
        weight("val_3", 6, 6),
        weight("layers.3.fc.bias", 6),
        weight("onnx::Mul_9", 6),
        weight("11", 6, 9),
      ],
    );
    expect((await summary(graph)).map(({ name, layer }) => [name, layer])).toEqual([
      ["model.layers.2.mlp.up.weight", 2],
      ["layers.3.fc.weight", 3],
      ["layers.3.fc.bias", 3],
      ["layers.4.norm.Mul", 4],
      // Nothing tells its layer but where it stands.
      ["11", 4],
    ]);
  });

  test("are unique", async () => {
    const scoped = (x: string, w: string, y: string) => matmul(x, w, y, "/fc/MatMul");
    const graph = graphOf(
      [scoped("x", "onnx::a", "p"), scoped("p", "onnx::b", "q"), scoped("q", "onnx::c", "y")],
      [weight("onnx::a", 6, 6), weight("onnx::b", 6, 6), weight("onnx::c", 6, 6)],
    );
    expect((await summary(graph)).map(({ name }) => name)).toEqual([
      "fc.weight",
      "fc.weight#2",
      "fc.weight#3",
    ]);
  });

  test.each([
    ["h.0.attn.weight", 0],
    ["blocks.12.ffn.w1", 12],
    ["model/layers_/3", null],
    ["encoder.layers.7.weight", 7],
    ["albert.albert_layer_groups.0.albert_layers.5.ffn.weight", 0],
    ["layer.weight.3", null],
    ["path.3.weight", null],
  ])("%s stands in layer %s", async (name, layer) => {
    const graph = graphOf([matmul("x", name, "y")], [weight(name, 6, 6)]);
    expect(await summary(graph)).toMatchObject([{ layer }]);
  });
});

describe("ties", () => {
  const table = weight("words.weight", 9, 6);
  const lookup = makeNode("Gather", ["words.weight", "ids"], ["e"]);

  test.each(["table first", "head first"])(
    "a transposed copy is the table, as it is looked up: %s",
    async (order) => {
      const head = transposed("onnx::MatMul_1", table);
      const graph = graphOf(
        [lookup, matmul("e", "onnx::MatMul_1", "y")],
        order === "head first" ? [head, table] : [table, head],
      );
      const { parameters } = await findParameters(graph);
      expect(parameters).toHaveLength(1);
      expect(parameters[0]).toMatchObject({
        name: "words.weight",
        dims: [9, 6],
        count: 54,
        kind: "embedding",
      });
      expect([...parameters[0]!.roots].sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
        { name: "onnx::MatMul_1", transposed: true },
        { name: "words.weight", transposed: false },
      ]);
      const uses = parameters[0]!.uses.map(({ node, transposed: flipped }) => [node.opType, flipped]);
      expect(Object.fromEntries(uses)).toEqual({ Gather: false, MatMul: true });
    },
  );

  test("a table that is looked up through a transpose keeps the shape it is stored in", async () => {
    // Stored [width, rows]: both the look-up and the plain product read it.
    const stored = transposed("stored", table);
    const graph = graphOf(
      [
        makeNode("Transpose", ["stored"], ["turned"], [attribute("perm", [1, 0])]),
        makeNode("Gather", ["turned", "ids"], ["e"]),
        matmul("e", "stored", "y"),
      ],
      [stored],
    );
    const { parameters } = await findParameters(graph);
    expect(parameters).toMatchObject([{ dims: [6, 9], kind: "embedding" }]);
    const uses = parameters[0]!.uses.map(({ node, transposed: flipped }) => [node.opType, flipped]);
    expect(Object.fromEntries(uses)).toEqual({ Gather: true, MatMul: false });
  });

  test("one constant in two places is one parameter", async () => {
    const graph = graphOf(
      [
        lookup,
        makeNode("Transpose", ["words.weight"], ["turned"], [attribute("perm", [1, 0])]),
        matmul("e", "turned", "y"),
      ],
      [table],
    );
    const { parameters } = await findParameters(graph);
    expect(parameters).toHaveLength(1);
    expect(parameters[0]!.uses).toHaveLength(2);
  });

  test("equal vectors, and vectors merged by an Identity, are parameters of their own", async () => {
    const scale = weight("a.scale", 6);
    const graph = canonicalise(
      graphOf(
        [
          makeNode("Identity", ["a.scale"], ["b.scale"]),
          makeNode("Mul", ["x", "a.scale"], ["p"]),
          makeNode("Mul", ["p", "b.scale"], ["q"]),
          makeNode("Mul", ["q", "c.scale"], ["y"]),
        ],
        [scale, constant("c.scale", [6], values(scale))],
      ),
    );
    expect((await summary(graph)).map(({ name }) => name)).toEqual(["a.scale", "b.scale", "c.scale"]);
  });

  test("matrices merged by an Identity are tied", async () => {
    const graph = canonicalise(
      graphOf(
        [
          makeNode("Identity", ["a.weight"], ["b.weight"]),
          matmul("x", "a.weight", "p"),
          matmul("p", "b.weight", "y"),
        ],
        [weight("a.weight", 6, 6)],
      ),
    );
    const { parameters } = await findParameters(graph);
    expect(parameters.map(({ roots }) => roots.map(({ name }) => name).sort())).toEqual([
      ["a.weight", "b.weight"],
    ]);
  });
});

describe("quantised weights", () => {
  const integers = (name: string, dataType: number, dims: readonly number[], bytes: number) =>
    create(TensorProtoSchema, {
      name,
      dataType,
      dims: dims.map(BigInt),
      rawData: Uint8Array.from({ length: bytes }, (_, i) => (37 * i) % 251),
    });

  test("are parameters where they are dequantised", async () => {
    const graph = graphOf(
      [makeNode("DequantizeLinear", ["q", "scale", "zero"], ["w"]), matmul("x", "w", "y")],
      [integers("q", DataType.INT8, [6, 9], 54), weight("scale", 9), integers("zero", DataType.INT8, [9], 9)],
    );
    const { parameters, fixed } = await findParameters(graph);
    expect(parameters).toMatchObject([{ name: "q", dims: [6, 9], kind: "matrix" }]);
    expect(fixed).toEqual([{ name: "scale", dims: [9], reason: "a setting of DequantizeLinear" }]);
  });

  test("packed ones have the size of what they hold", async () => {
    const graph = graphOf(
      [
        makeContrib("GatherBlockQuantized", ["table", "ids", "table.scale"], ["e"], [attribute("bits", 4)]),
        makeContrib(
          "MatMulNBits",
          ["e", "packed", "packed.scale"],
          ["y"],
          [attribute("K", 32), attribute("N", 9), attribute("bits", 4), attribute("block_size", 16)],
        ),
      ],
      [
        integers("table", DataType.UINT8, [9, 16], 144),
        weight("table.scale", 9, 2),
        integers("packed", DataType.UINT8, [9, 2, 8], 144),
        weight("packed.scale", 18),
      ],
    );
    expect(await summary(graph)).toEqual([
      { name: "table", dims: [9, 32], kind: "embedding", layer: null },
      { name: "packed", dims: [9, 32], kind: "matrix", layer: null },
    ]);
  });

  test("other integers are none", async () => {
    const graph = graphOf(
      [makeNode("Gather", ["order", "ids"], ["y"])],
      [integers("order", DataType.INT8, [9], 9), constant("shape", [3], [1, 2, 3])],
    );
    expect(await findParameters(graph)).toEqual({ parameters: [], fixed: [] });
  });
});

test("a weight that a branch reads is found there", async () => {
  const g = { name: "b", node: [matmul("x", "w", "inner")], output: [{ name: "inner" }] };
  const branch = create(AttributeProtoSchema, { name: "then_branch", type: AttributeType.GRAPH, g });
  const graph = graphOf([makeNode("If", ["flag"], ["y"], [branch])], [weight("w", 6, 6)]);
  const { parameters } = await findParameters(graph);
  expect(parameters).toMatchObject([{ name: "w", uses: [{ node: { opType: "If" } }] }]);
});
