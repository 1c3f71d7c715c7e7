import { scaled } from "../perturb/families/scaled.ts";
import { fisherTrace } from "./fisher-trace.ts";
import type { Measure } from "./measure.ts";

/** Tr(diag θ · F · diag θ): the Fisher trace over relative changes of the weights, blind to diagonal rescalings. */
export const adaptiveFisherTrace: Measure = {
  ...fisherTrace,
  id: "adaptive-fisher-trace",
  label: "Adaptive Fisher trace",
  description:
    "Fisher trace over relative changes of the weights; rescaling weights without changing the model leaves it as it is.",
  family: scaled,
  forward: null,
};
