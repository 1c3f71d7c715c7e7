/** Finds the trainable parameters among a graph's constants: which they are, what they are tied to, where they act. */
import type { TensorProto } from "onnx-buf";
import { UNIT_SCALE } from "./canonical/norms.ts";
import { constantReason } from "./constant-reasons.ts";
import { indexGraph, intAttribute, type Graph, type GraphIndex } from "./graph.ts";
import { findTies } from "./ties.ts";
import { findUses, PACKED, type Use } from "./uses.ts";
import { DataType, dimsOf, elementCount, isFloat } from "./weights.ts";

export type ParameterKind = "embedding" | "matrix" | "norm" | "bias" | "tensor";

/** A constant of the graph that holds (a copy of) a parameter. */
export interface Root {
  readonly name: string;
  /** Whether this copy has the two axes exchanged against the parameter's first copy. */
  readonly transposed: boolean;
}

export interface Parameter {
  /** Place among all parameters of the model: what directions are keyed by, so filters do not change it. */
  readonly index: number;
  readonly name: string;
  readonly dims: readonly number[];
  /** Number of scalars. */
  readonly count: number;
  readonly kind: ParameterKind;
  /** Layer number read off the name, or null outside the layers. */
  readonly layer: number | null;
  /** More than one where a tied tensor was written twice. */
  readonly roots: readonly Root[];
  readonly uses: readonly Use[];
}

/** A constant that is no parameter, and why. */
export interface FixedConstant {
  readonly name: string;
  readonly dims: readonly number[];
  readonly reason: string;
}

export interface Parameters {
  readonly parameters: readonly Parameter[];
  readonly fixed: readonly FixedConstant[];
}

/** Scans a canonical graph. Reads a few weights to recognise masks, rotary tables and tied copies. */
export async function findParameters(graph: Graph): Promise<Parameters> {
  const index = indexGraph(graph);
  const candidates: { name: string; tensor: TensorProto; dims: number[]; uses: Use[] }[] = [];
  const fixed: FixedConstant[] = [];
  for (const [name, tensor] of graph.initializers) {
    // Put in by canonicalisation, not by the model.
    if (name.startsWith(UNIT_SCALE)) continue;
    const uses = findUses(graph, index, name);
    if (!(isFloat(tensor.dataType) || isQuantisedWeight(tensor, uses, index, name))) continue;
    const dims = parameterDims(tensor, uses);
    const reason = await constantReason(graph, tensor, uses);
    if (reason) {
      if (elementCount(dims) > 1) fixed.push({ name, dims, reason });
    } else {
      candidates.push({ name, tensor, dims, uses });
    }
  }
  const ties = await findTies(
    graph,
    candidates.map(({ tensor }) => tensor),
  );
  const order = executionOrder(graph);
  const firstUse = (uses: readonly Use[]) => Math.min(...uses.map(({ node }) => order.get(node) ?? Infinity));
  const groups = new Map<string, { roots: Root[]; members: typeof candidates }>();
  for (const candidate of candidates) {
    const tie = ties.get(candidate.name) ?? { leader: candidate.name, transposed: false };
    const group = groups.get(tie.leader) ?? { roots: [], members: [] };
    group.roots.push({ name: candidate.name, transposed: tie.transposed });
    group.members.push(candidate);
    groups.set(tie.leader, group);
  }
  // A table is written the way it is looked up; a tied head may have been met first, transposed.
  for (const group of groups.values()) {
    const looked = group.roots.find(({ name, transposed }) =>
      findUses(graph, index, name, transposed).some(isLookup),
    );
    if (!looked?.transposed) continue;
    group.members[0]!.dims.reverse();
    group.roots = group.roots.map(({ name, transposed }) => ({ name, transposed: !transposed }));
  }
  const unnumbered = [...groups.values()]
    .map(({ roots, members }) => {
      const uses = roots.flatMap(({ name, transposed }) => findUses(graph, index, name, transposed));
      const dims = members[0]!.dims;
      const name = displayName(graph, index, roots, uses);
      return {
        name,
        dims,
        count: elementCount(dims),
        kind: kindOf(dims, uses),
        layer: layerOf(name, uses),
        roots,
        uses,
      };
    })
    .sort((a, b) => firstUse(a.uses) - firstUse(b.uses));
  const parameters = withUniqueNames(withLayers(unnumbered)).map((parameter, i) => ({
    index: i,
    ...parameter,
  }));
  return { parameters, fixed };
}

/** Quantised weights are parameters too: what is read of them is their dequantised value. */
function isQuantisedWeight(
  tensor: TensorProto,
  uses: readonly Use[],
  index: GraphIndex,
  name: string,
): boolean {
  if (uses.some(isPacked)) return true;
  const integer = [DataType.INT8, DataType.UINT8, DataType.INT4, DataType.UINT4] as readonly number[];
  return (
    integer.includes(tensor.dataType) &&
    index.consumers(name).some(({ node, operand }) => node.opType === "DequantizeLinear" && operand === 0)
  );
}

function parameterDims(tensor: TensorProto, uses: readonly Use[]): number[] {
  const packed = uses.find(isPacked)?.node;
  if (packed?.opType === "MatMulNBits") return [intAttribute(packed, "N", 0), intAttribute(packed, "K", 0)];
  const dims = dimsOf(tensor);
  if (!packed || tensor.dataType !== DataType.UINT8) return dims;
  // Bytes hold several entries of the last axis.
  return [...dims.slice(0, -1), (dims[dims.length - 1]! * 8) / intAttribute(packed, "bits", 4)];
}

function isPacked({ node, operand }: Use): boolean {
  return PACKED.has(node.opType) && operand === (node.opType === "MatMulNBits" ? 1 : 0);
}

function kindOf(dims: readonly number[], uses: readonly Use[]): ParameterKind {
  if (uses.some(isLookup)) return "embedding";
  const axes = dims.filter((dim) => dim > 1).length;
  if (axes > 1) return dims.length === 2 ? "matrix" : "tensor";
  return uses.every(({ node }) => node.opType === "Mul" || /Norm/.test(node.opType)) ? "norm" : "bias";
}

function isLookup({ node, operand }: Use): boolean {
  return (node.opType === "Gather" || node.opType === "GatherBlockQuantized") && operand === 0;
}

function executionOrder(graph: Graph): Map<Use["node"], number> {
  return new Map(graph.nodes.map((node, i) => [node, i]));
}

/** Exporters rename folded weights (`onnx::MatMul_123`, `val_7`); then the node's scope tells what they are. */
const ANONYMOUS = /^(onnx::|\d+$|val_\d+|_v_\d+|.*_transposed?$|.*_quantized$|plateau)/;

function displayName(graph: Graph, index: GraphIndex, roots: readonly Root[], uses: readonly Use[]): string {
  const named = roots.find(({ name }) => !ANONYMOUS.test(name));
  if (named) return named.name;
  const use = uses[0];
  // A bias added right after the product still carries its name, and with it that of the weight.
  const next = use && index.consumers(use.node.output[0]!)[0]?.node;
  const bias = next?.opType === "Add" ? next.input.find((name) => graph.initializers.has(name)) : undefined;
  if (bias?.endsWith(".bias")) return bias.replace(/bias$/, "weight");
  const scope = use?.node.name.startsWith("/") ? use.node.name.slice(1).split("/") : [];
  if (!use || scope.length < 2) return roots[0]!.name;
  return [
    ...scope.slice(0, -1),
    use.operand === 1 && use.node.opType === "MatMul" ? "weight" : use.node.opType,
  ].join(".");
}

/** `layers.3.`, `h.3.`, `/layer.3/`: the first number that stands as a path segment of its own. */
function layerOf(name: string, uses: readonly Use[]): number | null {
  for (const text of [name, ...uses.map(({ node }) => node.name)]) {
    const match = /(?:^|[./_])(?:layers?|h|blocks?|albert_layers|layer_groups)[./_](\d+)(?=[./_])/.exec(text);
    if (match) return Number(match[1]);
  }
  return null;
}

/** A weight that lost its name stands in the layer of the named parameter met before it. */
function withLayers<P extends { readonly name: string; readonly layer: number | null }>(
  ordered: readonly P[],
): P[] {
  let current: number | null = null;
  return ordered.map((parameter) => {
    if (parameter.layer === null && ANONYMOUS.test(parameter.name)) return { ...parameter, layer: current };
    current = parameter.layer;
    return parameter;
  });
}

function withUniqueNames<P extends { readonly name: string }>(parameters: readonly P[]): P[] {
  const counts = new Map<string, number>();
  return parameters.map((parameter) => {
    const count = counts.get(parameter.name) ?? 0;
    counts.set(parameter.name, count + 1);
    return count === 0 ? parameter : { ...parameter, name: `${parameter.name}#${count + 1}` };
  });
}
