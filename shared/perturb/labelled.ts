/**
 * Gathers the labelled rows before the head.
 *
 * A gather of rows commutes with everything that treats positions alike, so it moves up through the head, the last
 * feed-forward block and the residual stream to where attention mixes positions. Logits of unlabelled tokens, the
 * largest tensors of all with a real vocabulary, are then never made.
 */
import type { Builder } from "../onnx/build.ts";
import { constantInts } from "../onnx/constant-ints.ts";
import { copyNode, indexGraph, intAttribute, type Graph, type GraphIndex, type Node } from "../onnx/graph.ts";
import { isConstantValue } from "../onnx/uses.ts";
import { dimsOf } from "../onnx/weights.ts";
import { PROBE_ROWS, type Layout } from "./layout.ts";

/** Operators on one activation and constants that act on each position alone, along the last axis or elementwise. */
const POSITIONWISE = new Set([
  "MatMul",
  "Gemm",
  "MatMulNBits",
  "Add",
  "Sub",
  "Mul",
  "Div",
  "Pow",
  "Neg",
  "Sqrt",
  "Reciprocal",
  "Erf",
  "Tanh",
  "Sigmoid",
  "Relu",
  "Gelu",
  "FastGelu",
  "QuickGelu",
  "Exp",
  "Softplus",
  "Elu",
  "LeakyRelu",
  "HardSigmoid",
  "HardSwish",
  "Mish",
  "Swish",
  "Abs",
  "Cast",
  "LayerNormalization",
  "SimplifiedLayerNormalization",
  "RMSNormalization",
  "ReduceMean",
]);

/** Values between attention and the logits whose layout `gatherLabelled` wants to know. */
export function labelledCandidates(graph: Graph, logits: string): string[] {
  const index = indexGraph(graph);
  const found = new Set<string>();
  const pending = [logits];
  while (pending.length > 0) {
    const value = pending.pop()!;
    if (found.has(value)) continue;
    found.add(value);
    const node = index.producers.get(value);
    if (node?.opType === "Reshape") pending.push(node.input[0]!);
    if (!node || !isPositionwise(graph, index, node)) continue;
    for (const input of node.input) if (input && !isConstantValue(graph, index, input)) pending.push(input);
  }
  return [...found];
}

/**
 * Rewrites the graph so that the logits hold labelled rows only, [rows, vocabulary].
 *
 * @param rows name of an int64 [rows] value: flat positions (example · length + position).
 * @returns the new logits, and every value that now runs over labelled rows.
 */
export function gatherLabelled(
  graph: Graph,
  logits: string,
  layouts: ReadonlyMap<string, Layout | null>,
  rows: string,
  builder: Builder,
): { logits: string; labelled: Set<string> } {
  const index = indexGraph(graph);
  const length = positionsOf(layouts.get(logits));
  const isAligned = (value: string) => length !== null && positionsOf(layouts.get(value)) === length;
  const memo = new Map<string, string>();
  const gathered = (value: string): string => {
    const known = memo.get(value);
    if (known) return known;
    const node = index.producers.get(value);
    const movable =
      node !== undefined &&
      isPositionwise(graph, index, node) &&
      node.input.every((input) => !input || isConstantValue(graph, index, input) || isAligned(input));
    // Between [N, T, d] and [N·T, d] nothing changes but the shape, which labelled rows do not share.
    const reshapes = node?.opType === "Reshape" && isAligned(value) && isAligned(node.input[0]!);
    const result = movable ? copyOf(node) : reshapes ? gathered(node.input[0]!) : gatherHere(value);
    memo.set(value, result);
    return result;
  };
  const copyOf = (node: Node): string => {
    const inputs = node.input.map((input) =>
      !input || isConstantValue(graph, index, input) ? input : gathered(input),
    );
    const output = builder.fresh(`${node.output[0]}/labelled`);
    builder.nodes.push(copyNode(node, { input: inputs, output: [output], name: output }));
    return output;
  };
  // [N, T, d] → [N·T, d]: a 0 keeps the last size without knowing it, after the axes to be merged are put first.
  const gatherHere = (value: string): string => {
    if (layouts.get(value)?.kind === "flattened") return builder.gather(value, rows, 0);
    const shape = builder.op("Shape", [value]);
    const last = builder.gather(shape, builder.ints([2]), 0);
    const flat = builder.op("Reshape", [value, builder.concat([builder.ints([-1]), last], 0)]);
    return builder.gather(flat, rows, 0);
  };
  const result = gathered(logits);
  return { logits: result, labelled: new Set(memo.values()) };
}

/** Positions of an example in a value whose rows stand example by example, [N, T, d] or [N·T, d]; else null. */
function positionsOf(layout: Layout | null | undefined): number | null {
  if (layout?.kind === "batched") return layout.axis === 0 && layout.rank === 3 ? layout.dims[1]! : null;
  if (layout?.kind !== "flattened" || !layout.exampleMajor || layout.dims.length !== 2) return null;
  return layout.dims[0]! / PROBE_ROWS[1];
}

function isPositionwise(graph: Graph, index: GraphIndex, node: Node): boolean {
  if (!POSITIONWISE.has(node.opType) || node.output.filter(Boolean).length !== 1) return false;
  if (node.opType === "Gemm" && (intAttribute(node, "transA", 0) !== 0 || node.input.length > 2))
    return false;
  if (/^(MatMul|MatMulNBits|Gemm)$/.test(node.opType)) return hasConstantMatrix(graph, index, node);
  if (/Normalization$/.test(node.opType)) return intAttribute(node, "axis", -1) === -1;
  if (node.opType === "ReduceMean") return reducesLastAxis(graph, node);
  return node.input.every((input) => broadcastsAlongLastAxis(graph, input));
}

/** Attention multiplies activations with each other; only products with a plain constant matrix act per position. */
function hasConstantMatrix(graph: Graph, index: GraphIndex, node: Node): boolean {
  const weight = node.input[1]!;
  const tensor = graph.initializers.get(weight);
  if (tensor && node.opType === "MatMul" && dimsOf(tensor).length !== 2) return false;
  return !isConstantValue(graph, index, node.input[0]!) && isConstantValue(graph, index, weight);
}

/** A constant with more axes than the last could single out a position, or give the labelled rows a third axis. */
function broadcastsAlongLastAxis(graph: Graph, value: string): boolean {
  const tensor = graph.initializers.get(value);
  return (
    !tensor ||
    (dimsOf(tensor).length <= 2 &&
      dimsOf(tensor)
        .slice(0, -1)
        .every((dim) => dim === 1))
  );
}

function reducesLastAxis(graph: Graph, node: Node): boolean {
  const attribute = node.attribute.find(({ name }) => name === "axes");
  const axes = attribute ? attribute.ints.map(Number) : constantInts(graph, node.input[1] ?? "");
  return axes?.length === 1 && axes[0] === -1 && intAttribute(node, "keepdims", 1) === 1;
}
