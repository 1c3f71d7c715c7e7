/** The graph that everything else reads and rewrites: ONNX nodes as they are, with names resolved by maps. */
import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  NodeProtoSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from "onnx-buf";
import type { WeightSource } from "./weights.ts";

export type Node = NodeProto;

/** A graph input: its element type (TensorProto.DataType) and dimensions, symbolic ones by name, unknown ones null. */
export interface GraphInput {
  readonly name: string;
  readonly elementType: number;
  readonly dims: readonly (number | string | null)[];
}

export interface Graph {
  /** Version of the default operator set. */
  readonly opset: number;
  readonly irVersion: number;
  readonly producer: string;
  inputs: GraphInput[];
  outputs: string[];
  nodes: Node[];
  /** Constants by name. */
  readonly initializers: Map<string, TensorProto>;
  /** Where external data lies, by location; `SELF` is the model file. */
  readonly sources: ReadonlyMap<string, WeightSource>;
}

/** A shallow copy: passes may replace nodes and constants of the copy without touching the original. */
export function cloneGraph(graph: Graph): Graph {
  return {
    ...graph,
    inputs: [...graph.inputs],
    outputs: [...graph.outputs],
    nodes: graph.nodes.map((node) => copyNode(node, {})),
    initializers: new Map(graph.initializers),
  };
}

/** Values a node reads: its inputs, and what its subgraphs take from outside (or define themselves, which is harmless). */
export function valuesRead(node: Node): string[] {
  const values = [...node.input];
  for (const { g, graphs } of node.attribute) {
    for (const inner of g ? [g, ...graphs] : graphs) {
      for (const child of inner.node) for (const value of valuesRead(child)) values.push(value);
      for (const { name } of inner.output) values.push(name);
    }
  }
  return values;
}

export interface Consumer {
  readonly node: Node;
  /** Position among the node's inputs, or after them where a subgraph reads the value. */
  readonly operand: number;
}

/** Who makes and who reads each value. Valid until the graph changes. */
export interface GraphIndex {
  readonly producers: ReadonlyMap<string, Node>;
  consumers(value: string): readonly Consumer[];
}

export function indexGraph(graph: Graph): GraphIndex {
  const producers = new Map<string, Node>();
  const consumers = new Map<string, Consumer[]>();
  for (const node of graph.nodes) {
    for (const output of node.output) if (output) producers.set(output, node);
    valuesRead(node).forEach((input, operand) => {
      if (!input) return;
      const list = consumers.get(input);
      if (list) list.push({ node, operand });
      else consumers.set(input, [{ node, operand }]);
    });
  }
  const none: readonly Consumer[] = [];
  return { producers, consumers: (value) => consumers.get(value) ?? none };
}

/** The operator with its domain where that is not ONNX's own: `MatMul`, `com.microsoft.Attention`. */
export function operatorName(node: Node): string {
  return node.domain === "" || node.domain === "ai.onnx" ? node.opType : `${node.domain}.${node.opType}`;
}

/** How an error names a node: operator, then its name or first output. */
export function describeNode(node: Node): string {
  return `${operatorName(node)} '${node.name || node.output[0] || "?"}'`;
}

/** An attribute for a new node; whole numbers become INT, `{ float }` forces FLOAT. */
export function attribute(
  name: string,
  value: number | readonly number[] | { float: number },
): AttributeProto {
  if (typeof value === "number") {
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  }
  if ("float" in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

export function findAttribute(node: Node, name: string): AttributeProto | undefined {
  return node.attribute.find((candidate) => candidate.name === name);
}

export function intAttribute(node: Node, name: string, otherwise: number): number {
  const found = findAttribute(node, name);
  return found ? Number(found.i) : otherwise;
}

export function floatAttribute(node: Node, name: string, otherwise: number): number {
  return findAttribute(node, name)?.f ?? otherwise;
}

export function intsAttribute(node: Node, name: string): readonly number[] | undefined {
  return findAttribute(node, name)?.ints.map(Number);
}

/** A message with some fields replaced. Spreading one would lose the defaults, which its prototype holds. */
export function copyMessage<M extends object>(message: M, changes: Partial<M>): M {
  return Object.assign(Object.create(Object.getPrototypeOf(message) as object) as M, message, changes);
}

/** The same operator and attributes on other values. */
export function copyNode(
  node: Node,
  {
    input = node.input,
    output = node.output,
    name = node.name,
  }: Partial<Pick<Node, "input" | "output" | "name">>,
): Node {
  return copyMessage(node, { input: [...input], output: [...output], name });
}

/** A new node; `name` (for messages and layer numbers) defaults to one made of its output. */
export function makeNode(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: readonly AttributeProto[] = [],
  name = `plateau/${opType}/${output[0]}`,
): Node {
  return create(NodeProtoSchema, {
    opType,
    input: [...input],
    output: [...output],
    attribute: [...attributes],
    name,
  });
}

/** A node of ONNX Runtime's own domain. */
export function makeContrib(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: readonly AttributeProto[] = [],
  name?: string,
): Node {
  return copyMessage(makeNode(opType, input, output, attributes, name), { domain: "com.microsoft" });
}

/** Replaces every reading of `from` (and the graph's outputs named so) by `to`. */
export function replaceUses(graph: Graph, from: string, to: string): void {
  renameUses(graph, new Map([[from, to]]));
}

/** Replaces every reading of the map's keys (and the graph's outputs named so) by their values. */
export function renameUses(graph: Graph, names: ReadonlyMap<string, string>): void {
  for (const node of graph.nodes) renameInputs(node, names);
  graph.outputs = graph.outputs.map((output) => names.get(output) ?? output);
}

/** Subgraphs read values from outside too; they are copied, because copies of a graph share them. */
function renameInputs(node: Node, names: ReadonlyMap<string, string>): void {
  for (let i = 0; i < node.input.length; i++) {
    const name = names.get(node.input[i]!);
    if (name !== undefined) node.input[i] = name;
  }
  if (node.attribute.every(({ g, graphs }) => !g && graphs.length === 0)) return;
  const inside = (graph: GraphProto): GraphProto =>
    copyMessage(graph, {
      node: graph.node.map((child) => {
        const copy = copyNode(child, {});
        renameInputs(copy, names);
        return copy;
      }),
      output: graph.output.map((output) =>
        copyMessage(output, { name: names.get(output.name) ?? output.name }),
      ),
    });
  node.attribute = node.attribute.map((each) =>
    each.g || each.graphs.length > 0
      ? copyMessage(each, { ...(each.g && { g: inside(each.g) }), graphs: each.graphs.map(inside) })
      : each,
  );
}

/** Drops nodes, constants and inputs that no output needs, and puts the nodes in execution order. */
export function pruneAndSort(graph: Graph): void {
  const { producers } = indexGraph(graph);
  const sorted: Node[] = [];
  const state = new Map<Node, "open" | "done">();
  const used = new Set<string>(graph.outputs);
  // Depth first with a stack of its own: graphs are thousands of nodes deep, the call stack is not.
  const stack = graph.outputs.map((name) => producers.get(name)).filter((node) => node !== undefined);
  stack.reverse();
  while (stack.length > 0) {
    const node = stack[stack.length - 1]!;
    if (state.has(node)) {
      stack.pop();
      if (state.get(node) === "open") {
        state.set(node, "done");
        sorted.push(node);
      }
      continue;
    }
    state.set(node, "open");
    for (const name of valuesRead(node).reverse()) {
      used.add(name);
      const producer = producers.get(name);
      if (producer && !state.has(producer)) stack.push(producer);
    }
  }
  graph.nodes = sorted;
  for (const name of [...graph.initializers.keys()]) if (!used.has(name)) graph.initializers.delete(name);
  graph.inputs = graph.inputs.filter((input) => used.has(input.name));
}
