/** One coefficient of an association with its interval and p-value, both over runs. */
import { bootstrapInterval, type Interval } from "./bootstrap.ts";
import { comparable, groupCheckpoints, type Grouping, type Scope } from "./grouping.ts";
import { linearStatistic } from "./linear-statistic.ts";
import { pairStatistic } from "./pair-statistic.ts";
import { FEWEST_RUNS, permutationTest } from "./permutation.ts";
import { midScores, rankStatistic, stratifiedOrder } from "./rank-statistic.ts";
import type { RunStatistic } from "./run-statistic.ts";

export interface Coefficient {
  /** In [−1, 1], or null where it is undefined. */
  readonly value: number | null;
  /** 95 %, for the population the runs come from. */
  readonly interval: Interval | null;
  /** Two-sided, of no association between runs nor inside them. */
  readonly pValue: number | null;
  /** Why any of these is null; null where none is. */
  readonly reason: string | null;
}

export type CoefficientName = "pearson" | "spearman" | "kendall";

/** Checkpoints, aligned. `given` is held fixed where it is there. */
export interface Checkpoints {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly given?: readonly number[];
  readonly runs: readonly string[];
  readonly families?: readonly string[];
}

export interface Resampling {
  /** A whole number below 2⁵³; the same seed gives the same intervals and p-values, whatever the order of rows. */
  readonly seed: number;
  /** Of the bootstrap and of the permutation test each. */
  readonly resamples: number;
}

const FEWEST_CHECKPOINTS = 3;

/** Value alone, as `coefficient` gives it. */
export function coefficientValue(
  name: CoefficientName,
  checkpoints: Checkpoints,
  scope: Scope,
): { value: number; reason: null } | { value: null; reason: string } {
  const prepared = prepare(name, checkpoints, scope);
  return typeof prepared === "string"
    ? { value: null, reason: prepared }
    : { value: prepared.value, reason: null };
}

/**
 * @param scope `all` compares all checkpoints; `family` and `run` those of one family or run: Pearson from deviations
 * from its mean, Spearman from scores within it, Kendall from pairs within it.
 */
export function coefficient(
  name: CoefficientName,
  checkpoints: Checkpoints,
  scope: Scope,
  { seed, resamples }: Resampling,
): Coefficient {
  const prepared = prepare(name, checkpoints, scope);
  if (typeof prepared === "string") return { value: null, interval: null, pValue: null, reason: prepared };
  const { value, grouping, resampled, permuted, build } = prepared;
  const runs = grouping.stratumOf.length;
  const tooFew = whyTooFew(runs, "no interval and no p-value");
  if (tooFew !== null) return { value, interval: null, pValue: null, reason: tooFew };
  const bootstrap = bootstrapInterval(resampled, runs, seed, resamples);
  const permutation = permutationTest(permuted, grouping, build, seed, resamples);
  const reasons = [bootstrap.reason, permutation.reason].filter((reason) => reason !== null);
  return {
    value,
    interval: bootstrap.interval,
    pValue: permutation.pValue,
    reason: reasons.length === 0 ? null : reasons.join("; "),
  };
}

/** `coefficient` without the p-value, whose permutations take by far the longest. */
export function coefficientInterval(
  name: CoefficientName,
  checkpoints: Checkpoints,
  scope: Scope,
  { seed, resamples }: Resampling,
): Omit<Coefficient, "pValue"> {
  const prepared = prepare(name, checkpoints, scope);
  if (typeof prepared === "string") return { value: null, interval: null, reason: prepared };
  const { value, grouping, resampled } = prepared;
  const runs = grouping.stratumOf.length;
  const tooFew = whyTooFew(runs, "no interval");
  if (tooFew !== null) return { value, interval: null, reason: tooFew };
  return { value, ...bootstrapInterval(resampled, runs, seed, resamples) };
}

function whyTooFew(runs: number, lacking: string): string | null {
  if (runs >= FEWEST_RUNS) return null;
  return `${lacking}: ${runs} independent run${runs === 1 ? "" : "s"}, at least ${FEWEST_RUNS} are needed`;
}

interface Prepared {
  readonly value: number;
  readonly grouping: Grouping;
  /** What the bootstrap resamples. */
  readonly resampled: RunStatistic;
  /** x on the scale on which it is permuted. */
  readonly permuted: readonly number[];
  readonly build: (x: readonly number[]) => RunStatistic;
}

/** Brings everything on the coefficient's scale; a string says why the coefficient is undefined. */
function prepare(name: CoefficientName, checkpoints: Checkpoints, scope: Scope): Prepared | string {
  const kept = comparable(checkpoints.runs, checkpoints.families, scope);
  const pick = <T>(list: readonly T[]) => kept.map((i) => list[i]!);
  const { given } = checkpoints;
  const fewest = FEWEST_CHECKPOINTS + (given === undefined ? 0 : 1);
  if (kept.length < fewest) {
    const where = scope === "all" ? "" : ` that share a ${scope}`;
    return `only ${kept.length} checkpoints${where}, at least ${fewest} are needed`;
  }
  const grouping = groupCheckpoints(
    pick(checkpoints.runs),
    checkpoints.families && pick(checkpoints.families),
    scope,
  );
  const strata = grouping.runOf.map((run) => grouping.stratumOf[run]!);
  const raw = [checkpoints.x, checkpoints.y, ...(given === undefined ? [] : [given])].map(pick);
  const ones = kept.map(() => 1);
  const scores = raw.map((values) => {
    const order = stratifiedOrder(values, strata);
    return standardize(name === "pearson" ? values : midScores(values, strata, order, ones), strata);
  });
  const constant = scores.findIndex((values) => values === null);
  if (constant >= 0) {
    const where = scope === "all" ? "" : ` within every ${scope}`;
    return `${["x", "y", "the loss"][constant]} is constant${where}`;
  }
  const [x, y, z] = scores as [number[], number[], number[]?];
  // Given a third variable, what it leaves of x is permuted (Freedman & Lane 1983).
  const permuted = z === undefined ? x : residuals(x, z);
  const build =
    name === "kendall"
      ? (moved: readonly number[]) => pairStatistic(moved, y, grouping)
      : (moved: readonly number[]) => linearStatistic(z === undefined ? [moved, y] : [moved, y, z], grouping);
  const value = build(x)(grouping.stratumOf.map(() => 1));
  if (value === null) return "x or y is a linear function of the loss";
  // Ranks are taken anew in each resample, as in a new sample; arrangements keep the scores they arrange.
  const resampled = name === "spearman" ? rankStatistic(raw, grouping) : build(x);
  return { value, grouping, resampled, permuted, build };
}

/** Deviations from the mean of their stratum, scaled to unit variance; null where only rounding is left. */
function standardize(values: readonly number[], strata: readonly number[]): number[] | null {
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  if (largest === 0) return null;
  const sums = new Map<number, { sum: number; count: number }>();
  values.forEach((value, i) => {
    const { sum, count } = sums.get(strata[i]!) ?? { sum: 0, count: 0 };
    sums.set(strata[i]!, { sum: sum + value / largest, count: count + 1 });
  });
  const deviations = values.map((value, i) => {
    const { sum, count } = sums.get(strata[i]!)!;
    return value / largest - sum / count;
  });
  const spread = deviations.reduce((max, d) => Math.max(max, Math.abs(d)), 0);
  if (spread < 1e-13) return null;
  const scaled = deviations.map((d) => d / spread);
  const scale = Math.sqrt(scaled.reduce((total, d) => total + d * d, 0) / scaled.length);
  return scaled.map((d) => d / scale);
}

/** What a straight line in z leaves of x; both have mean 0 and unit variance. */
function residuals(x: readonly number[], z: readonly number[]): number[] {
  const slope = x.reduce((total, value, i) => total + value * z[i]!, 0) / x.length;
  return x.map((value, i) => value - slope * z[i]!);
}
