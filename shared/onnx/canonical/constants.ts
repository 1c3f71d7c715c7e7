/** Constant nodes (Paddle writes its weights so) become constants of the graph. */
import type { TensorProto } from "onnx-buf";
import { findAttribute, copyMessage, type Graph, type Node } from "../graph.ts";
import { constant } from "../weights.ts";

export function liftConstants(graph: Graph): void {
  graph.nodes = graph.nodes.filter((node) => {
    if (node.opType !== "Constant") return true;
    const tensor = constantValue(node);
    if (!tensor) return true;
    graph.initializers.set(node.output[0]!, tensor);
    return false;
  });
}

function constantValue(node: Node): TensorProto | null {
  const name = node.output[0]!;
  const value = findAttribute(node, "value")?.t;
  if (value) return copyMessage(value, { name });
  const float = findAttribute(node, "value_float");
  if (float) return constant(name, [], Float32Array.of(float.f));
  const int = findAttribute(node, "value_int");
  if (int) return constant(name, [], [Number(int.i)]);
  const floats = findAttribute(node, "value_floats");
  if (floats) return constant(name, [floats.floats.length], Float32Array.from(floats.floats));
  const ints = findAttribute(node, "value_ints");
  if (ints) return constant(name, [ints.ints.length], ints.ints.map(Number));
  return null;
}
