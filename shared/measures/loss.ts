import type { Measure } from "./measure.ts";

/** L = (1/M) Σ_i ℓ_i, ℓ_i = −Σ_t log p(y_it | x_i). */
export const loss: Measure = {
  id: "loss",
  label: "Loss",
  description: "Mean cross-entropy of a labelled token.",
  unit: "nats/token",
  better: "lower",
  family: null,
  forward: "loss",
  estimate: ({ base }) => base,
  exact: null,
  secondDifference: false,
};
