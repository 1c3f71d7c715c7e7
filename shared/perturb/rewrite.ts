/** Rewrites a canonical graph so that every row of a batch runs at weights of its own. */
import { Builder } from "../onnx/build.ts";
import {
  cloneGraph,
  indexGraph,
  pruneAndSort,
  type Graph,
  type GraphIndex,
  type GraphInput,
} from "../onnx/graph.ts";
import type { Parameter } from "../onnx/parameters.ts";
import { findUses } from "../onnx/uses.ts";
import { DataType } from "../onnx/weights.ts";
import { INPUT, Obstacle, RewriteContext, type SignInput } from "./context.ts";
import { appendExactHead, findExactHead, type ExactKind, type ExactOutput } from "./exact-head.ts";
import type { Family } from "./families/family.ts";
import { gatherLabelled } from "./labelled.ts";
import { appendForwardLoss, appendLoss } from "./loss.ts";
import { mergeBiases } from "./merge-bias.ts";
import { moveWhole } from "./move-whole.ts";
import { OPERATORS } from "./operators/index.ts";
import type { Plan } from "./operators/operator.ts";
import type { Participation } from "./participation.ts";
import type { Subject } from "./subject.ts";

export interface Rewritten {
  readonly graph: Graph;
  readonly signs: readonly SignInput[];
  /** By parameter index. */
  readonly participation: readonly Participation[];
  /** Exact traces among the outputs. */
  readonly exact: readonly ExactOutput[];
}

export type Stack = 0 | 1 | 2 | 3 | "forward";

export interface RewriteOptions {
  readonly family: Family;
  /** Groups of rows that the loss compares, or rows at θ + εv with rows at θ; 0 ends at the logits instead. */
  readonly stack: Stack;
  /** Which parameters to perturb; the reason when it answers false is "excluded". */
  readonly include?: (parameter: Parameter) => boolean;
  /**
   * Move whole weights, W + ε a bᵀ, by one direction for all rows, in the structures of an earlier rewriting: the plain
   * form that self-checks compare with, and all that a graph fixed to one example needs.
   */
  readonly materialise?: readonly Participation[];
  /** Exact traces to take instead of moving what they are known for; none where absent. */
  readonly exact?: readonly ExactKind[];
}

/** Output of a graph rewritten with `stack: 0`: logits [labelled tokens, vocabulary]. */
export const LOGITS = "plateau:logits";

/** Perturbs every parameter that `include` admits: per example where an operator can, else by a shared direction. */
export function rewrite(
  subject: Subject,
  { family, stack, include = () => true, materialise, exact = [] }: RewriteOptions,
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
  // Uses are found before anything is rewritten: they name the nodes of this graph.
  const parameters = subject.parameters.map((parameter) => locate(graph, index, parameter));
  const head =
    exact.length > 0 && !materialise
      ? findExactHead(context, logits, subject.vocabulary, parameters.filter(include))
      : null;
  const known = new Set(head?.parameters.values());
  const participation = parameters.map((parameter): Participation => {
    if (!include(parameter)) return none("excluded");
    if (known.has(parameter.index)) return { mode: "exact" };
    const earlier = materialise?.[parameter.index];
    if (!earlier) return perturb(context, parameter);
    return earlier.mode === "none" || earlier.mode === "exact"
      ? earlier
      : moveWhole(context, parameter, earlier.structure, "materialised");
  });

  mergeBiases(context);

  const end = appendEnd(builder, logits, stack);
  const exactOutputs = head ? appendExactHead(context, head, logits, exact) : [];
  graph.nodes.push(...builder.nodes);
  graph.outputs = [...end, ...exactOutputs.map(({ name }) => name)];
  const signs = [...context.signInputs.values()];
  graph.inputs.push(...signs.map(({ name, dims }) => ({ name, elementType: DataType.FLOAT, dims })));
  pruneAndSort(graph);
  return { graph, signs, participation, exact: exactOutputs };
}

function appendEnd(builder: Builder, logits: string, stack: Stack): string[] {
  if (stack === 0) return [builder.cast(logits, DataType.FLOAT, LOGITS)];
  if (stack === "forward") return appendForwardLoss(builder, logits, INPUT.targets, INPUT.baseOf);
  return appendLoss(builder, logits, INPUT.targets, stack);
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
    { name: INPUT.baseOf, elementType: DataType.INT64, dims: ["plateau:moved-tokens"] },
    { name: INPUT.exactRows, elementType: DataType.INT64, dims: ["plateau:exact-rows"] },
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
    return moveWhole(context, parameter, parameter.dims.length === 2 ? "outer" : "full", obstacle);
  }
  for (const { apply } of plans) apply();
  return { mode: "example", structure: plans[0]!.structure };
}
