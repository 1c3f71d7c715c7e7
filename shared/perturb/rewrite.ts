/** Rewrites a canonical graph so that every row of a batch runs at weights of its own. */
import { Builder } from "../onnx/build.ts";
import {
  cloneGraph,
  copyNode,
  indexGraph,
  makeNode,
  pruneAndSort,
  replaceUses,
  type Graph,
  type GraphIndex,
  type GraphInput,
  type Node,
} from "../onnx/graph.ts";
import type { Parameter } from "../onnx/parameters.ts";
import { findUses, PACKED } from "../onnx/uses.ts";
import { DataType, isFloat } from "../onnx/weights.ts";
import { INPUT, Obstacle, RewriteContext, type SignInput } from "./context.ts";
import { Side } from "./directions.ts";
import type { Family } from "./families/family.ts";
import { gatherLabelled, labelledCandidates } from "./labelled.ts";
import { appendLoss } from "./loss.ts";
import { mergeBiases } from "./merge-bias.ts";
import { OPERATORS } from "./operators/index.ts";
import type { Plan, Structure } from "./operators/operator.ts";
import type { Subject } from "./subject.ts";

/** How a parameter takes part in a direction. */
export type Participation =
  /** Every example draws its own direction. */
  | { readonly mode: "example"; readonly structure: Structure }
  /** One direction a run, through the fallback W + εV; `reason` says what stood in the way of better. */
  | { readonly mode: "shared"; readonly structure: Structure; readonly reason: string }
  /** Not perturbed. */
  | { readonly mode: "none"; readonly reason: string };

export interface Rewritten {
  readonly graph: Graph;
  readonly signs: readonly SignInput[];
  /** By parameter index. */
  readonly participation: readonly Participation[];
}

export interface RewriteOptions {
  readonly family: Family;
  /** Groups of rows that the loss compares; 0 ends at the logits of labelled tokens instead. */
  readonly stack: 0 | 1 | 2 | 3;
  /** Which parameters to perturb; the reason when it answers false is "excluded". */
  readonly include?: (parameter: Parameter) => boolean;
  /**
   * Move whole weights, W + ε a bᵀ, by one direction for all rows, in the structures of an earlier rewriting: the plain
   * form that self-checks compare with, and all that a graph fixed to one example needs.
   */
  readonly materialise?: readonly Participation[];
}

/** Output of a graph rewritten with `stack: 0`: logits [labelled tokens, vocabulary]. */
export const LOGITS = "plateau:logits";

/** Values whose layout the rewriting will ask for; `whole` ones are integers. */
export function layoutCandidates(
  graph: Graph,
  logits: string,
  parameters: readonly Parameter[],
): Map<string, boolean> {
  const index = indexGraph(graph);
  const wanted = new Map<string, boolean>();
  for (const value of labelledCandidates(graph, logits)) wanted.set(value, false);
  for (const use of parameters.flatMap(({ uses }) => uses)) {
    for (const { value, whole } of OPERATORS.find((operator) => operator.matches(use))?.anchors(use, {
      graph,
      index,
    }) ?? []) {
      wanted.set(value, whole);
    }
  }
  return wanted;
}

/** Perturbs every parameter that `include` admits: per example where an operator can, else by a shared direction. */
export function rewrite(
  subject: Subject,
  { family, stack, include = () => true, materialise }: RewriteOptions,
): Rewritten {
  const graph = cloneGraph(subject.graph);
  const builder = new Builder(graph, "plateau:");
  const { logits, labelled } = gatherLabelled(graph, subject.logits, subject.layouts, INPUT.rows, builder);
  graph.nodes.push(...builder.nodes.splice(0));
  graph.outputs = [logits];
  pruneAndSort(graph);
  graph.inputs.push(...bookkeepingInputs());

  const layouts = new Map(subject.layouts);
  for (const value of labelled) layouts.set(value, { kind: "labelled" });
  const index = indexGraph(graph);
  const context = new RewriteContext(graph, index, builder, family, layouts);
  const participation = subject.parameters
    // Uses are found before anything is rewritten: they name the nodes of this graph.
    .map((parameter) => locate(graph, index, parameter))
    .map((parameter) => {
      if (!include(parameter)) return none("excluded");
      const earlier = materialise?.[parameter.index];
      if (!earlier) return perturb(context, parameter);
      return earlier.mode === "none"
        ? earlier
        : perturbShared(context, parameter, earlier.structure, "materialised");
    });

  mergeBiases(context);

  const end =
    stack === 0
      ? [builder.cast(logits, DataType.FLOAT, LOGITS)]
      : appendLoss(builder, logits, INPUT.targets, stack);
  graph.nodes.push(...builder.nodes);
  graph.outputs = end;
  const signs = [...context.signInputs.values()];
  graph.inputs.push(...signs.map(({ name, dims }) => ({ name, elementType: DataType.FLOAT, dims })));
  pruneAndSort(graph);
  return { graph, signs, participation };
}

/** Whether a run must keep to one sign, because some parameter has one direction for all rows. */
export function hasSharedDirections({ participation }: Rewritten): boolean {
  return participation.some(({ mode }) => mode === "shared");
}

function bookkeepingInputs(): GraphInput[] {
  return [
    { name: INPUT.batch, elementType: DataType.INT64, dims: [1] },
    { name: INPUT.rows, elementType: DataType.INT64, dims: ["plateau:tokens"] },
    { name: INPUT.rowExample, elementType: DataType.INT64, dims: ["plateau:tokens"] },
    { name: INPUT.targets, elementType: DataType.INT64, dims: ["plateau:tokens"] },
  ];
}

const none = (reason: string): Participation => ({ mode: "none", reason });

/** The same parameter with its uses in the graph being rewritten. */
function locate(graph: Graph, index: GraphIndex, parameter: Parameter): Parameter {
  const uses = parameter.roots
    .filter(({ name }) => graph.initializers.has(name))
    .flatMap(({ name, transposed }) => findUses(graph, index, name, transposed));
  return { ...parameter, uses };
}

function perturb(context: RewriteContext, parameter: Parameter): Participation {
  if (parameter.uses.length === 0) return none("the loss does not depend on it");
  const plans: Plan[] = [];
  let obstacle: string | null = null;
  for (const use of parameter.uses) {
    const operator = OPERATORS.find((candidate) => candidate.matches(use));
    const plan = operator ? operator.plan(use, parameter, context) : new Obstacle(use, "has no rewriting");
    if (plan instanceof Obstacle) obstacle ??= plan.reason;
    else plans.push(plan);
  }
  if (obstacle === null && new Set(plans.map(({ structure }) => structure)).size > 1) {
    obstacle = "it is read both as a matrix and elementwise";
  }
  if (obstacle !== null) {
    return perturbShared(context, parameter, parameter.dims.length === 2 ? "outer" : "full", obstacle);
  }
  for (const { apply } of plans) apply();
  return { mode: "example", structure: plans[0]!.structure };
}

/** The fallback: every copy of the parameter becomes W + V, with V an input in its shape. */
function perturbShared(
  context: RewriteContext,
  parameter: Parameter,
  structure: Structure,
  reason: string,
): Participation {
  const { graph, index, builder, family } = context;
  const targets: { value: string; moved?: string; transposed: boolean; elementType: number }[] = [];
  for (const { name, transposed } of parameter.roots) {
    const tensor = graph.initializers.get(name);
    if (!tensor) continue;
    if (isFloat(tensor.dataType)) {
      targets.push({ value: name, transposed, elementType: tensor.dataType });
      continue;
    }
    const reader = index.consumers(name)[0]?.node;
    if (!reader) continue;
    if (PACKED.has(reader.opType)) {
      const moved = builder.fresh(`${name}/moved`);
      targets.push({
        value: unpack(context, parameter, name, moved),
        moved,
        transposed,
        elementType: parameter.uses[0]!.elementType,
      });
      continue;
    }
    const elementType = graph.initializers.get(reader.input[1]!)?.dataType ?? DataType.FLOAT;
    targets.push({ value: reader.output[0]!, transposed, elementType });
  }
  for (const { value, moved = builder.fresh(`${value}/moved`), transposed, elementType } of targets) {
    replaceUses(graph, value, moved);
    const direction = sharedDirection(context, parameter, structure, elementType);
    const oriented = transposed ? builder.transpose(direction, [1, 0]) : direction;
    builder.op("Add", [value, family.elementwise(context, value, oriented)], [], moved);
  }
  return { mode: "shared", structure, reason };
}

/** Gives packed integers a float form, whose name it returns; their readers then read `moved` in its place. */
function unpack(
  { graph, index, builder }: RewriteContext,
  parameter: Parameter,
  name: string,
  moved: string,
): string {
  const float = builder.fresh(`${name}/float`);
  const readers = index.consumers(name).map(({ node }) => node);
  const [first] = readers as [Node, ...Node[]];
  const [rows, columns] = parameter.dims as [number, number];
  if (first.opType === "MatMulNBits") {
    // Multiplied by the identity, packed weights give their dequantised transpose.
    const zeros = builder.op("Expand", [builder.float(0), builder.ints([columns, columns])]);
    const unpacked = builder.fresh("unpacked");
    builder.nodes.push(
      copyNode(first, {
        input: [builder.op("EyeLike", [zeros]), ...first.input.slice(1)],
        output: [unpacked],
        name: unpacked,
      }),
    );
    builder.transpose(unpacked, [1, 0], float);
  } else {
    const all = builder.op("Range", [builder.ints(0), builder.ints(rows), builder.ints(1)]);
    builder.nodes.push(
      copyNode(first, {
        input: [first.input[0]!, all, ...first.input.slice(2)],
        output: [float],
        name: float,
      }),
    );
  }
  for (const node of readers) {
    const [output] = node.output as [string];
    const replacement =
      node.opType === "MatMulNBits"
        ? makeNode("MatMul", [node.input[0]!, builder.transpose(moved, [1, 0])], [output])
        : makeNode("Gather", [moved, node.input[1]!], [output]);
    graph.nodes[graph.nodes.indexOf(node)] = replacement;
  }
  return float;
}

/** a bᵀ or a sign for every entry, in the parameter's shape. */
function sharedDirection(
  context: RewriteContext,
  parameter: Parameter,
  structure: Structure,
  elementType: number,
): string {
  const { builder } = context;
  if (structure === "full") {
    const signs = context.sharedSigns(parameter, Side.rows, parameter.count, elementType);
    return builder.reshape(signs, parameter.dims);
  }
  const [rows, columns] = parameter.dims as [number, number];
  const a = context.sharedSigns(parameter, Side.rows, rows, elementType);
  const b = context.sharedSigns(parameter, Side.columns, columns, elementType);
  return builder.op("Mul", [builder.reshape(a, [rows, 1]), builder.reshape(b, [1, columns])]);
}
