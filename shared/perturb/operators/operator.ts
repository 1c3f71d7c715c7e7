import type { Parameter } from "../../onnx/parameters.ts";
import type { Use } from "../../onnx/uses.ts";
import type { Obstacle, RewriteContext } from "../context.ts";

/** How the parameter moves: along a bᵀ, or by a sign of its own for every entry. All uses must agree. */
export type Structure = "outer" | "full";

export interface Plan {
  readonly structure: Structure;
  /** Writes the perturbation into the graph. Runs only when every use of the parameter has a plan. */
  readonly apply: () => void;
}

export interface Operator {
  /** Whether the parameter stands where this operator takes a weight. */
  matches(use: Use): boolean;
  /** The values whose layout `plan` asks for; `whole` ones are integers. */
  anchors(
    use: Use,
    context: Pick<RewriteContext, "graph" | "index">,
  ): readonly { value: string; whole: boolean }[];
  /** How to perturb this use per example, or what is in the way. Changes nothing yet. */
  plan(use: Use, parameter: Parameter, context: RewriteContext): Plan | Obstacle;
}
