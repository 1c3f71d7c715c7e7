import { scaled } from "../perturb/families/scaled.ts";
import { hessianTrace } from "./hessian-trace.ts";
import type { Measure } from "./measure.ts";

/** Tr(diag θ · ∇²L · diag θ): the Hessian trace over relative changes of the weights. */
export const adaptiveHessianTrace: Measure = {
  ...hessianTrace,
  id: "adaptive-hessian-trace",
  label: "Adaptive Hessian trace",
  description:
    "Hessian trace over relative changes of the weights; rescaling weights without changing the model leaves it as it is.",
  family: scaled,
  forward: null,
};
