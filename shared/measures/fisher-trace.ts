import { rankOne } from "../perturb/families/rank-one.ts";
import type { Measure } from "./measure.ts";

/**
 * Tr of the Gauss–Newton = Fisher matrix of L, from first differences of the logits: Σ_t Var_{c∼p}(δz_tc) with
 * δz = (z₊ − z₋)/2ε. It has no label noise, is never negative, and equals Tr ∇²L at the statistical optimum
 * (Liu et al. 2023, App. B.1).
 */
export const fisherTrace: Measure = {
  id: "fisher-trace",
  label: "Fisher trace",
  description:
    "Trace of the Fisher (Gauss–Newton) matrix of the loss: how sharply predictions change with the weights.",
  unit: "nats/token",
  better: "lower",
  family: rankOne,
  forward: null,
  estimate: ({ first }, epsilon) => first / (4 * epsilon * epsilon),
  exact: "curvature",
  secondDifference: false,
};
