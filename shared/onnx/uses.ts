/** Follows a constant to the nodes that compute with it, through casts, transposes and dequantisation. */
import {
  describeNode,
  intAttribute,
  intsAttribute,
  valuesRead,
  type Graph,
  type GraphIndex,
  type Node,
} from "./graph.ts";
import { DataType } from "./weights.ts";

/** One place where a parameter enters the computation. */
export interface Use {
  readonly node: Node;
  /** Position among the node's inputs. */
  readonly operand: number;
  /** The value read there: the constant itself or what a cast or transpose made of it. */
  readonly value: string;
  /** Whether that value is the parameter (as first met) with its two axes exchanged. */
  readonly transposed: boolean;
  /** Element type (TensorProto.DataType) of that value. */
  readonly elementType: number;
}

/** Operators that read weights packed into integers, with their scales as third operand. */
export const PACKED: ReadonlySet<string> = new Set(["MatMulNBits", "GatherBlockQuantized"]);

/** All uses of the constant `root`. `transposed` says how `root` itself relates to the parameter. */
export function findUses(graph: Graph, index: GraphIndex, root: string, transposed = false): Use[] {
  const uses: Use[] = [];
  const seen = new Set<string>();
  // Depth first with a stack of its own: a chain of casts may be longer than the call stack is deep.
  const pending: Use[] = [];
  const reach = (value: string, flipped: boolean, elementType: number) => {
    if (seen.has(value)) return;
    seen.add(value);
    for (const { node, operand } of [...index.consumers(value)].reverse()) {
      pending.push({ node, operand, value, transposed: flipped, elementType });
    }
  };
  reach(root, transposed, graph.initializers.get(root)!.dataType);
  for (let use = pending.pop(); use; use = pending.pop()) {
    const { node, operand, transposed: flipped, elementType } = use;
    const output = node.output[0]!;
    if (node.opType === "Cast") reach(output, flipped, intAttribute(node, "to", elementType));
    else if (node.opType === "Transpose" && swapsTwoAxes(node)) reach(output, !flipped, elementType);
    else if (node.opType === "DequantizeLinear" && operand === 0) {
      reach(output, flipped, graph.initializers.get(node.input[1]!)?.dataType ?? DataType.FLOAT);
    } else uses.push({ ...use, elementType: computedIn(graph, node, elementType) });
  }
  return uses;
}

/** Operators that take packed weights compute in the type of their scales. */
function computedIn(graph: Graph, node: Node, elementType: number): number {
  const scale = PACKED.has(node.opType) ? graph.initializers.get(node.input[2]!) : undefined;
  return scale?.dataType ?? elementType;
}

function swapsTwoAxes(node: Node): boolean {
  const perm = intsAttribute(node, "perm");
  // Without `perm` all axes are reversed; callers only follow tensors of two axes.
  return perm === undefined || (perm.length === 2 && perm[0] === 1);
}

/** Whether `value` is made from constants alone. */
export function isConstantValue(graph: Graph, index: GraphIndex, value: string): boolean {
  const seen = new Set<string>();
  const pending = [value];
  while (pending.length > 0) {
    const name = pending.pop()!;
    if (name === "" || seen.has(name) || graph.initializers.has(name)) continue;
    seen.add(name);
    const producer = index.producers.get(name);
    if (!producer) return false;
    for (const read of valuesRead(producer)) pending.push(read);
  }
  return true;
}

export function describeUse({ node, operand }: Use): string {
  return `operand ${operand} of ${describeNode(node)}`;
}
