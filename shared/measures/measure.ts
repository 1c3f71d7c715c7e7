import type { ExactKind } from "../perturb/exact-head.ts";
import type { Family } from "../perturb/families/family.ts";

/** What a pass tells of one pair (example, direction): sums over the example's labelled tokens. */
export interface PairSums {
  /** ℓ(θ), ℓ(θ + εv), ℓ(θ − εv), nats. */
  readonly base: number;
  readonly plus: number;
  readonly minus: number;
  /** Σ_t Var_{c∼p}(z₊ − z₋). */
  readonly first: number;
  /** Σ_t (ℓ_t₊ − ℓ_t₋)². */
  readonly squaredDifference: number;
}

export interface Measure {
  readonly id: string;
  /** For table heads and plots. */
  readonly label: string;
  /** One sentence: what it is. */
  readonly description: string;
  readonly unit: string;
  /** What a flatter, better model has. */
  readonly better: "lower";
  /** The family of directions it needs; null for what one forward pass tells. */
  readonly family: Family | null;
  /** What of a forward pass it is the mean of: the loss, or its excess over the language's own; null for traces. */
  readonly forward: "loss" | "excess" | null;
  /** The contribution of a pair, such that its mean over directions, summed over examples and divided by M, estimates it. */
  readonly estimate: (sums: PairSums, epsilon: number) => number;
  /** What the exact trace of the output head is for it; null where there is none, and all parameters move. */
  readonly exact: ExactKind | null;
  /** Whether the estimate is a second difference of the loss: rounding then hits it as ε⁻². */
  readonly secondDifference: boolean;
}
