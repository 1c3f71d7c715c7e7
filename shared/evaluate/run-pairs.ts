/** Runs any number of pairs through passes of a bearable size. */
import type { Example } from "../corpus/corpus.ts";
import { GROUPS, type GroupName, type Passes } from "../perturb/passes.ts";
import type { Pair } from "../perturb/sign-feeds.ts";
import { batches, type BatchLimits } from "./batches.ts";

/** What one pair gave, by group; absent quantities are NaN. */
export interface PairOutcome {
  readonly pair: Pair;
  /** ℓ of each group, nats. */
  readonly loss: readonly number[];
  readonly first: number;
  readonly second: number;
  readonly squaredDifference: number;
  /** Exact traces in the order of `Passes.exact`; empty where the pass had no group at θ. */
  readonly exact: readonly number[];
}

export interface RunPairsOptions {
  readonly passes: Passes;
  readonly examples: readonly Example[];
  readonly limits: BatchLimits;
  /** Called before each pass: progress, cancellation (by throwing), yielding to other work. */
  readonly beforePass?: (rows: number) => void | Promise<void>;
}

/** Outcomes in the order of `pairs`. */
export async function runPairs(
  { passes, examples, limits, beforePass }: RunPairsOptions,
  pairs: readonly Pair[],
  groups: GroupName,
  epsilon: number,
): Promise<PairOutcome[]> {
  const outcomes = new Map<Pair, PairOutcome>();
  for (const group of sharingDirections(passes, pairs)) {
    for (const batch of batches(group, examples, limits)) {
      await beforePass?.(batch.length * GROUPS[groups].length);
      const { loss, first, second, squaredDifference, exact } = await passes.run(batch, groups, epsilon);
      batch.forEach((pair, i) => {
        outcomes.set(pair, {
          pair,
          loss: loss.map((sums) => sums[i]!),
          first: first[i] ?? NaN,
          second: second[i] ?? NaN,
          squaredDifference: squaredDifference[i] ?? NaN,
          exact: exact.map((sums) => sums[i]!),
        });
      });
    }
  }
  return pairs.map((pair) => outcomes.get(pair)!);
}

/** What forward differences gave for one pair. */
export interface ForwardOutcome {
  readonly pair: Pair;
  /** ℓ(θ), nats. */
  readonly base: number;
  /** Σ_t Var_p(z₊ − z₀). */
  readonly first: number;
  /** Exact traces in the order of `Passes.exact`. */
  readonly exact: readonly number[];
}

/** Forward outcomes in the order of `pairs`, in which the directions of an example should follow each other. */
export async function runForward(
  { passes, examples, limits, beforePass }: RunPairsOptions,
  pairs: readonly Pair[],
  epsilon: number,
): Promise<ForwardOutcome[]> {
  const outcomes = new Map<Pair, ForwardOutcome>();
  for (const batch of batches(pairs, examples, limits)) {
    await beforePass?.(batch.length);
    const { base, first, exact } = await passes.runForward(batch, epsilon);
    batch.forEach((pair, i) => {
      outcomes.set(pair, { pair, base: base[i]!, first: first[i]!, exact: exact.map((sums) => sums[i]!) });
    });
  }
  return pairs.map((pair) => outcomes.get(pair)!);
}

/** A forward difference is half as long as a central one, so its variance is a quarter. */
export function asCentral({ pair, first }: ForwardOutcome): PairOutcome {
  return { pair, loss: [], first: 4 * first, second: NaN, squaredDifference: NaN, exact: [] };
}

/** Pairs that may run together: all of them, or those of one block and direction (and tensor) where directions are shared. */
function sharingDirections(passes: Passes, pairs: readonly Pair[]): readonly (readonly Pair[])[] {
  if (!passes.shared) return [pairs];
  return [
    ...Map.groupBy(pairs, ({ block, example, direction, only }) =>
      [block ?? example, direction, only].join(),
    ).values(),
  ];
}
