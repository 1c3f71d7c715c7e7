/** Correlations of what a view shows: of one column with another over runs. */
import {
  coefficientInterval,
  type Coefficient,
  type CoefficientName,
} from "../../../shared/statistics/coefficient.ts";

/** Aligned; only rows with both values. */
export interface Pairs {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Numbers of runs: checkpoints of one run are no independent evidence. */
  readonly runs: Uint32Array;
}

export const COEFFICIENTS = ["spearman", "pearson", "kendall"] as const satisfies readonly CoefficientName[];

/** What is shown of a coefficient: its value, and the 95 % interval over resampled runs. */
export type Correlated = Omit<Coefficient, "pValue">;

/** Of the bootstrap: the same view always gives the same interval. */
const SEED = 1;
const [FEWEST_RESAMPLES, MOST_RESAMPLES] = [400, 2000];
/** Checkpoints times resamples: about a second of one core. */
const MOST_WORK = 4e6;
/** Kendall's interval takes time and memory by the square of the runs, its value by that of the checkpoints. */
const MOST_RUNS_OF_KENDALL = 400;
const MOST_OF_KENDALL = 12_000;

export function correlate(name: CoefficientName, { x, y, runs }: Pairs): Correlated {
  // Names in the order of their numbers, as resampling goes by names.
  const names = Array.from(runs, (run) => String(run).padStart(10, "0"));
  const checkpoints = { x: Array.from(x), y: Array.from(y), runs: names };
  if (name === "kendall" && (new Set(runs).size > MOST_RUNS_OF_KENDALL || x.length > MOST_OF_KENDALL)) {
    return {
      value: null,
      interval: null,
      reason: `not computed here: it takes too long for more than ${MOST_RUNS_OF_KENDALL} runs or ${MOST_OF_KENDALL} checkpoints`,
    };
  }
  return coefficientInterval(name, checkpoints, "all", { seed: SEED, resamples: resamplesFor(x.length) });
}

export const resamplesFor = (checkpoints: number): number =>
  Math.round(Math.min(MOST_RESAMPLES, Math.max(FEWEST_RESAMPLES, MOST_WORK / Math.max(1, checkpoints))));
