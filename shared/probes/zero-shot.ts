/** What zero-shot tasks share: which tokens of a sentence count, and accuracies with their errors. */
import type { Objective } from "../corpus/corpus.ts";
import type { TokenIds } from "./sentences.ts";

/** A share of right answers. */
export interface Accuracy {
  readonly value: number;
  /**
   * √(Σ (c − c̄)² / (n(n − 1))) over items: the error for the population they come from. Null for a single item. It is 0
   * where all answers are right, or all wrong: n items then show no spread.
   */
  readonly standardError: number | null;
}

/** The mean of credits, which are 1 for a right answer, 0 for a wrong one, and in between for a tie. */
export function accuracyOf(credits: readonly number[]): Accuracy {
  const count = credits.length;
  const value = credits.reduce((sum, credit) => sum + credit, 0) / count;
  if (count < 2) return { value, standardError: null };
  const squares = credits.reduce((sum, credit) => sum + (credit - value) ** 2, 0);
  return { value, standardError: Math.sqrt(squares / (count * (count - 1))) };
}

/** Positions from `first` on whose token is scored: all but special ones, and but the first of a causal model. */
export function scoredPositions(
  ids: TokenIds,
  objective: Objective,
  special: ReadonlySet<number>,
  first = 0,
): number[] {
  const start = Math.max(first, objective === "clm" ? 1 : 0);
  return Array.from({ length: Math.max(0, ids.length - start) }, (_, i) => start + i).filter(
    (position) => !special.has(ids[position]!),
  );
}

export function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
