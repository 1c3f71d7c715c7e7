/**
 * P-values from permuted runs.
 *
 * A run's x is its mean plus deviations from it. Under no association the means are exchangeable between runs, and the
 * deviations as likely with the opposite sign. So an arrangement permutes the means among runs (of one stratum) and flips
 * the deviations of each run as a whole: it needs no equal sizes, and keeps what goes on inside a run together. The test
 * statistic is the coefficient over its jackknife error over runs, which keeps the level where runs differ in spread or
 * size (Janssen 1997; DiCiccio & Romano, "Robust permutation tests for correlation and regression coefficients", 2017).
 */
import type { Grouping } from "./grouping.ts";
import { KeyedRandom, Stream } from "./keyed-random.ts";
import type { RunStatistic } from "./run-statistic.ts";

/** With so few runs neither intervals nor p-values hold what they promise. */
export const FEWEST_RUNS = 5;
const LEVEL = 0.05;
/** Jackknife errors below this are rounding: a perfect coefficient stays perfect without any run. */
const SMALLEST_ERROR = 1e-9;
/** Decimals of unit-variance scores; sums in another order must not break ties. */
const TIE_GRID = 1e9;

/**
 * Two-sided p = (count + 1)/(k + 1) over k random arrangements (Phipson & Smyth 2010), count of those at least as extreme
 * as the data.
 *
 * @param x values by checkpoint, on the scale on which means and deviations are taken
 * @param build the statistic of rearranged x with everything else as it is
 */
export function permutationTest(
  x: readonly number[],
  grouping: Grouping,
  build: (x: readonly number[]) => RunStatistic,
  seed: number,
  permutations: number,
): { pValue: number; reason: null } | { pValue: null; reason: string } {
  const parts = runParts(x, grouping);
  const floor = 2 / arrangementCount(parts, grouping);
  if (floor > LEVEL)
    return {
      pValue: null,
      reason: `no p-value: the runs allow too few arrangements for any to be below ${floor.toPrecision(2)}`,
    };
  const runs = grouping.stratumOf.length;
  const observed = studentized(build(x.map(onGrid)), runs);
  if (observed === null)
    return { pValue: null, reason: "no p-value: without one of its runs the coefficient is undefined" };
  const limit = Math.abs(observed) * (1 - 1e-9);
  const random = new KeyedRandom(seed, Stream.permutation);
  let extreme = 0;
  for (let round = 0; round < permutations; round++) {
    random.startRound(round);
    const value = studentized(build(arrange(parts, grouping, random)), runs);
    // An arrangement that cannot be judged counts against the association.
    if (value === null || Math.abs(value) >= limit) extreme++;
  }
  return { pValue: (extreme + 1) / (permutations + 1), reason: null };
}

/** Coefficient over its delete-one-run jackknife error, √((R−1)/R · Σ (r₍₋ᵢ₎ − r̄₍₋₎)²). */
export function studentized(statistic: RunStatistic, runs: number): number | null {
  const weights = new Array<number>(runs).fill(1);
  const value = statistic(weights);
  if (value === null) return null;
  const without: number[] = [];
  for (let run = 0; run < runs; run++) {
    weights[run] = 0;
    const left = statistic(weights);
    if (left === null) return null;
    without.push(left);
    weights[run] = 1;
  }
  const mean = without.reduce((total, r) => total + r, 0) / runs;
  const squares = without.reduce((total, r) => total + (r - mean) ** 2, 0);
  return value / Math.max(SMALLEST_ERROR, Math.sqrt(((runs - 1) / runs) * squares));
}

interface RunParts {
  /** By run. */
  readonly means: readonly number[];
  /** By checkpoint. */
  readonly deviations: readonly number[];
}

function runParts(x: readonly number[], { runOf, stratumOf }: Grouping): RunParts {
  const sums = new Array<number>(stratumOf.length).fill(0);
  const sizes = new Array<number>(stratumOf.length).fill(0);
  runOf.forEach((run, i) => {
    sums[run]! += x[i]!;
    sizes[run]! += 1;
  });
  const means = sums.map((sum, run) => onGrid(sum / sizes[run]!));
  return { means, deviations: x.map((value, i) => onGrid(value - means[runOf[i]!]!)) };
}

function arrange({ means, deviations }: RunParts, grouping: Grouping, random: KeyedRandom): number[] {
  const { runOf, stratumOf } = grouping;
  const source = means.map((_, run) => run);
  for (const members of strataOf(grouping)) {
    for (let i = members.length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      const [a, b] = [members[i]!, members[j]!];
      [source[a], source[b]] = [source[b]!, source[a]!];
    }
  }
  const signs = stratumOf.map(() => random.sign());
  return runOf.map((run, i) => onGrid(means[source[run]!]! + signs[run]! * deviations[i]!));
}

/** Distinct arrangements: of the means within strata, times the signs of deviations that are not all zero. */
function arrangementCount({ means, deviations }: RunParts, grouping: Grouping): number {
  const moving = new Set(grouping.runOf.filter((_, i) => deviations[i] !== 0));
  let count = 2 ** moving.size;
  for (const members of strataOf(grouping)) {
    const seen = new Map<number, number>();
    members.forEach((run, i) => {
      const times = (seen.get(means[run]!) ?? 0) + 1;
      seen.set(means[run]!, times);
      count *= (i + 1) / times;
    });
  }
  return count;
}

function strataOf({ stratumOf }: Grouping): number[][] {
  const strata: number[][] = [];
  stratumOf.forEach((stratum, run) => (strata[stratum] ??= []).push(run));
  return strata;
}

function onGrid(value: number): number {
  return Math.round(value * TIE_GRID) / TIE_GRID;
}
