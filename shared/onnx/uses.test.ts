import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  TensorProtoSchema,
} from "onnx-buf";
import { expect, test } from "vitest";
import { attribute, indexGraph, makeContrib, makeNode, type Graph, type Node } from "./graph.ts";
import { describeUse, findUses, isConstantValue } from "./uses.ts";
import { DataType } from "./weights.ts";

/** `types` gives the constants with their element types; they are [2, 2] each. */
function graphOf(
  nodes: readonly Node[],
  types: Readonly<Record<string, number>> = { w: DataType.FLOAT },
): Graph {
  const tensors = Object.entries(types).map(([name, dataType]) =>
    create(TensorProtoSchema, { name, dataType, dims: [2n, 2n] }),
  );
  return {
    opset: 17,
    irVersion: 8,
    producer: "test",
    inputs: [{ name: "x", elementType: DataType.FLOAT, dims: [2, 2] }],
    outputs: ["y"],
    nodes: [...nodes],
    initializers: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    sources: new Map(),
  };
}

function uses(graph: Graph, transposed = false) {
  return findUses(graph, indexGraph(graph), "w", transposed).map(({ node, ...use }) => ({
    node: node.output[0],
    ...use,
  }));
}

const { FLOAT, FLOAT16, INT8, UINT8 } = DataType;

test("every operand that reads the constant is a use", () => {
  const graph = graphOf([makeNode("MatMul", ["x", "w"], ["a"]), makeNode("Add", ["w", "w"], ["b"])]);
  expect(uses(graph)).toEqual([
    { node: "a", operand: 1, value: "w", transposed: false, elementType: FLOAT },
    { node: "b", operand: 0, value: "w", transposed: false, elementType: FLOAT },
    { node: "b", operand: 1, value: "w", transposed: false, elementType: FLOAT },
  ]);
});

test("transposes and casts are passed through, and told", () => {
  const graph = graphOf(
    [
      makeNode("Cast", ["w"], ["single"], [attribute("to", FLOAT)]),
      makeNode("Transpose", ["single"], ["turned"], [attribute("perm", [1, 0])]),
      makeNode("Transpose", ["turned"], ["back"]),
      makeNode("MatMul", ["x", "turned"], ["a"]),
      makeNode("MatMul", ["x", "back"], ["b"]),
      makeNode("Gather", ["w", "ids"], ["c"]),
    ],
    { w: FLOAT16 },
  );
  const expected = [
    { node: "b", operand: 1, value: "back", transposed: false, elementType: FLOAT },
    { node: "a", operand: 1, value: "turned", transposed: true, elementType: FLOAT },
    { node: "c", operand: 0, value: "w", transposed: false, elementType: FLOAT16 },
  ];
  expect(uses(graph)).toEqual(expected);
  // A root that is itself the transpose of the parameter.
  expect(uses(graph, true).map(({ transposed }) => transposed)).toEqual([true, false, true]);
});

test("a transpose of other axes is a use like any other", () => {
  const graph = graphOf([makeNode("Transpose", ["w"], ["a"], [attribute("perm", [0, 1])])]);
  expect(uses(graph)).toMatchObject([{ node: "a", operand: 0, value: "w" }]);
});

test("dequantised weights compute in the type of their scale; as a scale or zero point nothing is dequantised", () => {
  const graph = graphOf(
    [
      makeNode("DequantizeLinear", ["w", "scale", "zero"], ["float"]),
      makeNode("MatMul", ["x", "float"], ["a"]),
      makeNode("DequantizeLinear", ["other", "scale", "w"], ["b"]),
    ],
    { w: INT8, scale: FLOAT16, zero: INT8 },
  );
  expect(uses(graph)).toEqual([
    { node: "a", operand: 1, value: "float", transposed: false, elementType: FLOAT16 },
    { node: "b", operand: 2, value: "w", transposed: false, elementType: INT8 },
  ]);
});

test("packed weights compute in the type of their scales", () => {
  const graph = graphOf([makeContrib("MatMulNBits", ["x", "w", "scale"], ["a"])], {
    w: UINT8,
    scale: FLOAT16,
  });
  expect(uses(graph)).toMatchObject([{ node: "a", operand: 1, elementType: FLOAT16 }]);
});

test("twenty thousand casts in a row do not exhaust the stack", () => {
  const casts = Array.from({ length: 20_000 }, (_, i) =>
    makeNode("Cast", [i === 0 ? "w" : `v${i}`], [`v${i + 1}`], [attribute("to", FLOAT)]),
  );
  const graph = graphOf([...casts, makeNode("Add", ["x", "v20000"], ["y"])]);
  expect(uses(graph)).toMatchObject([{ node: "y", operand: 1 }]);
  expect(isConstantValue(graph, indexGraph(graph), "v20000")).toBe(true);
});

test("what is made of constants alone is constant", () => {
  const captured = {
    name: "branch",
    node: [makeNode("Neg", ["x"], ["negative"])],
    output: [{ name: "negative" }],
  };
  const branch = create(AttributeProtoSchema, {
    name: "then_branch",
    type: AttributeType.GRAPH,
    g: captured,
  });
  const graph = graphOf([
    makeNode("Transpose", ["w"], ["turned"]),
    makeNode("Clip", ["turned", "", "w"], ["clipped"]),
    makeNode("Add", ["clipped", "x"], ["mixed"]),
    // Its input is constant, but its branch reads the activation.
    makeNode("If", ["w"], ["branched"], [branch]),
  ]);
  const index = indexGraph(graph);
  const constants = ["w", "turned", "clipped", "mixed", "branched", "x", "nobody"].filter((value) =>
    isConstantValue(graph, index, value),
  );
  expect(constants).toEqual(["w", "turned", "clipped"]);
});

test("a use is called by operand and node", () => {
  const graph = graphOf([makeNode("MatMul", ["x", "w"], ["a"], [], "/layer/MatMul")]);
  const [use] = findUses(graph, indexGraph(graph), "w");
  expect(describeUse(use!)).toBe("operand 1 of MatMul '/layer/MatMul'");
});
