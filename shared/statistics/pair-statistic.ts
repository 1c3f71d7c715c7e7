import type { Grouping } from "./grouping.ts";
import type { RunStatistic } from "./run-statistic.ts";

/**
 * Stratified Kendall τ-b: pairs within a stratum only. Works on counts of pairs by pair of runs: O(n²) once, then
 * O(runs²) a call. Copies of a run are other checkpoints to each other, except where the stratum is the run itself.
 */
export function pairStatistic(
  x: readonly number[],
  y: readonly number[],
  { runOf, stratumOf, stratumIsRun }: Grouping,
): RunStatistic {
  const runs = stratumOf.length;
  const balance = new Float64Array(runs * runs);
  const untiedX = new Float64Array(runs * runs);
  const untiedY = new Float64Array(runs * runs);
  for (let i = 1; i < x.length; i++) {
    const stratum = stratumOf[runOf[i]!];
    for (let j = 0; j < i; j++) {
      if (stratumOf[runOf[j]!] !== stratum) continue;
      const at = Math.max(runOf[i]!, runOf[j]!) * runs + Math.min(runOf[i]!, runOf[j]!);
      const signX = Math.sign(x[i]! - x[j]!);
      const signY = Math.sign(y[i]! - y[j]!);
      balance[at]! += signX * signY;
      untiedX[at]! += signX * signX;
      untiedY[at]! += signY * signY;
    }
  }
  return (weights) => {
    let pairs = 0;
    let pairsX = 0;
    let pairsY = 0;
    for (let r = 0; r < runs; r++) {
      for (let s = 0; s <= r; s++) {
        const weight = r === s && stratumIsRun ? weights[r]! : weights[r]! * weights[s]!;
        if (weight === 0) continue;
        pairs += weight * balance[r * runs + s]!;
        pairsX += weight * untiedX[r * runs + s]!;
        pairsY += weight * untiedY[r * runs + s]!;
      }
    }
    return pairsX === 0 || pairsY === 0 ? null : pairs / Math.sqrt(pairsX * pairsY);
  };
}
