import { rankOne } from "../perturb/families/rank-one.ts";
import type { Measure } from "./measure.ts";

/** The mean squared gradient of a token's loss at its label: Σ_t ((ℓ_t₊ − ℓ_t₋)/2ε)². */
export const empiricalFisherTrace: Measure = {
  id: "empirical-fisher-trace",
  label: "Empirical Fisher trace",
  description: "Mean squared gradient norm of a token's loss at its label.",
  unit: "nats²/token",
  better: "lower",
  family: rankOne,
  forward: null,
  estimate: ({ squaredDifference }, epsilon) => squaredDifference / (4 * epsilon * epsilon),
  exact: "empirical",
  secondDifference: false,
};
