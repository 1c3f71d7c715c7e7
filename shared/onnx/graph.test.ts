import { create } from "@bufbuild/protobuf";
import { AttributeProto_AttributeType as AttributeType, AttributeProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import {
  attribute,
  cloneGraph,
  describeNode,
  floatAttribute,
  indexGraph,
  intAttribute,
  intsAttribute,
  makeContrib,
  makeNode,
  pruneAndSort,
  renameUses,
  replaceUses,
  valuesRead,
  type Graph,
  type Node,
} from "./graph.ts";
import { constant, DataType } from "./weights.ts";

function graphOf(
  nodes: readonly Node[],
  { inputs = ["x"], outputs = ["y"], constants = [] as string[] } = {},
): Graph {
  return {
    opset: 17,
    irVersion: 8,
    producer: "test",
    inputs: inputs.map((name) => ({ name, elementType: DataType.FLOAT, dims: [2] })),
    outputs,
    nodes: [...nodes],
    initializers: new Map(constants.map((name) => [name, constant(name, [2], Float32Array.of(1, 2))])),
    sources: new Map(),
  };
}

/** If(flag) with one branch, whose nodes may read any value of the graph. */
function branching(inner: readonly Node[], branchOutput: string, output = "y"): Node {
  const g = { name: "branch", node: [...inner], output: [{ name: branchOutput }] };
  const branch = create(AttributeProtoSchema, { name: "then_branch", type: AttributeType.GRAPH, g });
  return makeNode("If", ["flag"], [output], [branch]);
}

const names = (graph: Graph) => graph.nodes.map(({ output }) => output[0]);

describe("pruneAndSort", () => {
  test("puts what makes a value before what reads it, and first what is read first", () => {
    const graph = graphOf([
      makeNode("Add", ["a", "b"], ["y"]),
      makeNode("Neg", ["c"], ["b"]),
      makeNode("Abs", ["x"], ["a"]),
      makeNode("Exp", ["a"], ["c"]),
    ]);
    pruneAndSort(graph);
    expect(names(graph)).toEqual(["a", "c", "b", "y"]);
  });

  test("drops nodes, constants and inputs that no output needs", () => {
    const graph = graphOf(
      [
        makeNode("Add", ["x", "w"], ["y"]),
        makeNode("Add", ["z", "v"], ["dead"]),
        makeNode("Neg", ["dead"], ["deader"]),
      ],
      { inputs: ["z", "x"], constants: ["v", "w", "unread"] },
    );
    pruneAndSort(graph);
    expect(names(graph)).toEqual(["y"]);
    expect([...graph.initializers.keys()]).toEqual(["w"]);
    expect(graph.inputs.map(({ name }) => name)).toEqual(["x"]);
  });

  test("keeps what subgraphs read, however deep, and puts it before them", () => {
    const inner = branching([makeNode("Add", ["made", "w"], ["sum"])], "sum", "inner");
    const graph = graphOf([branching([inner], "inner"), makeNode("Neg", ["x"], ["made"])], {
      inputs: ["x", "flag"],
      constants: ["w", "unread"],
    });
    pruneAndSort(graph);
    expect(names(graph)).toEqual(["made", "y"]);
    expect([...graph.initializers.keys()]).toEqual(["w"]);
    expect(graph.inputs.map(({ name }) => name)).toEqual(["x", "flag"]);
  });

  test("keeps constants and inputs that are outputs themselves", () => {
    const graph = graphOf([], { outputs: ["x", "w"], constants: ["w"] });
    pruneAndSort(graph);
    expect([...graph.initializers.keys()]).toEqual(["w"]);
    expect(graph.inputs).toHaveLength(1);
  });

  test("a node with several outputs is kept once", () => {
    const graph = graphOf([
      makeNode("Add", ["left", "right"], ["y"]),
      makeNode("Split", ["x"], ["left", "right"]),
    ]);
    pruneAndSort(graph);
    expect(names(graph)).toEqual(["left", "y"]);
  });

  test("fifty thousand nodes in a row", () => {
    const length = 50_000;
    const chain = Array.from({ length }, (_, i) =>
      makeNode(
        "Add",
        [i === 0 ? "x" : `v${i}`, i < 2 ? "x" : `v${i - 1}`],
        [i === length - 1 ? "y" : `v${i + 1}`],
      ),
    );
    const graph = graphOf([...chain].reverse());
    pruneAndSort(graph);
    expect(graph.nodes).toEqual(chain);
  });

  test("comes to an end on a circle", () => {
    const graph = graphOf([makeNode("Add", ["x", "b"], ["y"]), makeNode("Neg", ["y"], ["b"])]);
    pruneAndSort(graph);
    expect(graph.nodes).toHaveLength(2);
  });
});

describe("renaming", () => {
  test("reaches inputs, outputs and subgraphs, and leaves the original as it is", () => {
    const inner = branching([makeNode("Add", ["a", "b"], ["sum"])], "sum", "inner");
    const original = graphOf(
      [makeNode("Neg", ["x"], ["a"]), makeNode("Abs", ["a"], ["b"]), branching([inner], "inner")],
      { outputs: ["y", "a"] },
    );
    const graph = cloneGraph(original);
    replaceUses(graph, "a", "z");
    expect(graph.outputs).toEqual(["y", "z"]);
    expect(graph.nodes[1]!.input).toEqual(["z"]);
    expect(valuesRead(graph.nodes[2]!)).toEqual(["flag", "flag", "z", "b", "sum", "inner"]);
    expect(valuesRead(original.nodes[2]!)).toEqual(["flag", "flag", "a", "b", "sum", "inner"]);
    expect(original.nodes[1]!.input).toEqual(["a"]);
  });

  test("exchanges names at once, not one after the other", () => {
    const graph = graphOf([makeNode("Sub", ["a", "b"], ["y"])]);
    renameUses(graph, new Map([["a", "b"], ["b", "a"]])); // prettier-ignore
    expect(graph.nodes[0]!.input).toEqual(["b", "a"]);
  });
});

test("the index knows who makes and who reads a value", () => {
  const node = branching([makeNode("Add", ["a", "a"], ["sum"])], "sum");
  const graph = graphOf([makeNode("Neg", ["x"], ["a"]), node]);
  const { producers, consumers } = indexGraph(graph);
  expect(producers.get("a")).toBe(graph.nodes[0]);
  expect(producers.get("x")).toBeUndefined();
  expect(consumers("x")).toEqual([{ node: graph.nodes[0], operand: 0 }]);
  // A subgraph reads after the node's own inputs.
  expect(consumers("a").map(({ operand }) => operand)).toEqual([1, 2]);
  expect(consumers("nobody")).toEqual([]);
});

test("attributes come back as they were made", () => {
  const node = makeNode(
    "N",
    [],
    ["y"],
    [attribute("i", -3), attribute("l", [4, 5]), attribute("f", { float: 2 })],
  );
  expect(intAttribute(node, "i", 0)).toBe(-3);
  expect(intAttribute(node, "other", 7)).toBe(7);
  expect(intsAttribute(node, "l")).toEqual([4, 5]);
  expect(intsAttribute(node, "other")).toBeUndefined();
  expect(floatAttribute(node, "f", 0)).toBe(2);
  expect(floatAttribute(node, "other", 0.5)).toBe(0.5);
});

test("nodes are called by operator and name", () => {
  expect(describeNode(makeNode("Add", [], ["y"], [], "/layer/Add"))).toBe("Add '/layer/Add'");
  expect(describeNode(makeContrib("Attention", [], ["y"], [], ""))).toBe("com.microsoft.Attention 'y'");
});
