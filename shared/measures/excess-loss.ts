import type { Measure } from "./measure.ts";

/**
 * (1/M) Σ_it KL(q_it ‖ p_it), q the exact conditional of the labelled token in the corpus's language: the cross-entropy
 * against the language less its entropy. It is 0 at the statistical optimum (the saturation regime of Liu et al. 2023),
 * and free of label noise.
 */
export const excessLoss: Measure = {
  id: "excess-loss",
  label: "Excess loss",
  description: "How far the loss is above the least possible one, where the language is known exactly.",
  unit: "nats/token",
  better: "lower",
  family: null,
  forward: "excess",
  estimate: () => NaN,
  exact: null,
  secondDifference: false,
};
