import type { Grouping } from "./grouping.ts";
import type { RunStatistic } from "./run-statistic.ts";

/** Variance, relative to that of all data, below which what is left of a variable is rounding. */
const CONSTANT = 1e-12;

/**
 * Stratified Pearson correlation: deviations from the mean of their stratum, Σ dx dy / √(Σ dx² Σ dy²); with a third
 * variable, the partial correlation given it, from the same deviations. Works on sums by run: O(runs) a call.
 */
export function linearStatistic(
  variables: readonly (readonly number[])[],
  { runOf, stratumOf }: Grouping,
): RunStatistic {
  const k = variables.length;
  const width = 1 + k + k * k;
  const strata = Math.max(...stratumOf) + 1;
  const sums = new Float64Array(stratumOf.length * width);
  runOf.forEach((run, i) => {
    const at = run * width;
    sums[at]! += 1;
    for (let a = 0; a < k; a++) {
      sums[at + 1 + a]! += variables[a]![i]!;
      for (let b = 0; b < k; b++) sums[at + 1 + k + a * k + b]! += variables[a]![i]! * variables[b]![i]!;
    }
  });
  const total = new Float64Array(strata * width);
  const cross = new Float64Array(k * k);
  return (weights) => {
    total.fill(0);
    cross.fill(0);
    for (let run = 0; run < weights.length; run++) {
      if (weights[run] === 0) continue;
      const to = stratumOf[run]! * width;
      for (let j = 0; j < width; j++) total[to + j]! += weights[run]! * sums[run * width + j]!;
    }
    let count = 0;
    for (let at = 0; at < total.length; at += width) {
      const n = total[at]!;
      if (n === 0) continue;
      count += n;
      for (let a = 0; a < k; a++)
        for (let b = 0; b < k; b++)
          cross[a * k + b]! += total[at + 1 + k + a * k + b]! - (total[at + 1 + a]! * total[at + 1 + b]!) / n;
    }
    return k === 2 ? ratio(cross[1]!, cross[0]!, cross[3]!, count) : partial(cross, count);
  };
}

function partial(cross: Float64Array, count: number): number | null {
  const of = (a: number, b: number) => cross[a * 3 + b]!;
  if (!(of(2, 2) > CONSTANT * count)) return null;
  const left = (a: number, b: number) => of(a, b) - (of(a, 2) * of(b, 2)) / of(2, 2);
  return ratio(left(0, 1), left(0, 0), left(1, 1), count);
}

/** Variables come scaled to unit variance, so that `CONSTANT` has a meaning. */
function ratio(xy: number, xx: number, yy: number, count: number): number | null {
  if (!(xx > CONSTANT * count && yy > CONSTANT * count)) return null;
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)));
}
