import { rankOne } from "../perturb/families/rank-one.ts";
import type { Measure } from "./measure.ts";

/** Tr ∇²L, from second differences of the loss: (ℓ(θ + εv) + ℓ(θ − εv) − 2ℓ(θ))/ε² with E[v vᵀ] = I. */
export const hessianTrace: Measure = {
  id: "hessian-trace",
  label: "Hessian trace",
  description: "Trace of the Hessian of the loss: its mean curvature over all weights.",
  unit: "nats/token",
  better: "lower",
  family: rankOne,
  forward: null,
  estimate: ({ base, plus, minus }, epsilon) => (plus - base + (minus - base)) / (epsilon * epsilon),
  exact: "curvature",
  secondDifference: true,
};
