/**
 * From a tally to a value with its errors. Formulas: Tr = (1/M) Σ_i (h̄_i + e_i), h̄_i the mean over example i's
 * directions and e_i its exact part, with errors as documented at each field.
 */
import type { MeasureSums, Tally } from "./tally.ts";

export interface Estimate {
  readonly value: number;
  /** Error for the population of examples, direction noise included; ratio estimator, clustered by group. */
  readonly standardError: number | null;
  /** Degrees of freedom of `standardError`. */
  readonly standardDegrees: number;
  /**
   * Error from the choice of directions alone, for this very corpus; null where no example has two directions, 0 where
   * all is exact and there are none.
   */
  readonly directionError: number | null;
  /** Satterthwaite degrees of freedom of `directionError`; infinite where all is exact. */
  readonly directionDegrees: number;
  /** The largest example's share of the value. */
  readonly largestShare: number;
}

export interface EstimateOptions {
  /**
   * A label for each example: examples of one group count as one draw from the population. Absent: each example is a
   * group.
   */
  readonly groups?: readonly (string | undefined)[] | undefined;
  /** [example]: what is known exactly, and comes on top of the mean over directions. */
  readonly exact?: readonly number[] | undefined;
}

export function estimate(
  tally: Tally,
  { sum, squares }: MeasureSums,
  { groups, exact }: EstimateOptions = {},
): Estimate {
  const { tokens, directions } = tally;
  const labelled = tokens.reduce((total, m) => total + m, 0);
  const means = sum.map((total, i) => (directions[i] === 0 ? 0 : total / directions[i]!) + (exact?.[i] ?? 0));
  const value = means.reduce((total, mean) => total + mean, 0) / labelled;
  const largest = means.reduce((max, mean) => Math.max(max, Math.abs(mean)), 0);
  return {
    value,
    ...populationError(means, tokens, value, labelled, groups),
    ...directionNoise(tally, sum, squares, labelled),
    largestShare: value === 0 ? 0 : largest / Math.abs(value * labelled),
  };
}

/** standardError² = G/(G−1) · Σ_g (Σ_{i∈g} (h̄_i − T·m_i))² / M²: linearised ratio, G groups. */
export function populationError(
  means: readonly number[],
  tokens: readonly number[],
  value: number,
  labelled: number,
  groups?: readonly (string | undefined)[],
): { standardError: number | null; standardDegrees: number } {
  const residuals = new Map<string | number, number>();
  means.forEach((mean, i) => {
    const group = groups?.[i] ?? i;
    residuals.set(group, (residuals.get(group) ?? 0) + mean - value * tokens[i]!);
  });
  const count = residuals.size;
  if (count < 2) return { standardError: null, standardDegrees: 0 };
  let total = 0;
  for (const residual of residuals.values()) total += residual * residual;
  return { standardError: Math.sqrt((count / (count - 1)) * total) / labelled, standardDegrees: count - 1 };
}

/**
 * directionError² = (1/M²) Σ_u s_u²/K_u over units with K_u ≥ 2 directions; units with a single one take the mean s²
 * of the others. Degrees of freedom by Satterthwaite: (Σ s²/K)² / (Σ (s²/K)²/(K−1)).
 */
function directionNoise(
  { directions, unitSize }: Tally,
  sum: readonly number[],
  squares: readonly number[],
  labelled: number,
): { directionError: number | null; directionDegrees: number } {
  if (directions.every((drawn) => drawn === 0)) return { directionError: 0, directionDegrees: Infinity };
  let variance = 0;
  let weighted = 0;
  let several = 0;
  let single = 0;
  let pooled = 0;
  squares.forEach((square, unit) => {
    const first = unit * unitSize;
    const k = directions[first]!;
    if (k < 2) {
      single++;
      return;
    }
    let total = 0;
    for (let i = first; i < Math.min(first + unitSize, sum.length); i++) total += sum[i]!;
    const spread = Math.max(0, (square - (total * total) / k) / (k - 1));
    variance += spread / k;
    weighted += (spread / k) ** 2 / (k - 1);
    pooled += spread;
    several++;
  });
  if (several === 0) return { directionError: null, directionDegrees: 0 };
  const shared = (single * pooled) / several;
  const degrees = weighted === 0 ? several : variance ** 2 / weighted;
  return { directionError: Math.sqrt(variance + shared) / labelled, directionDegrees: degrees };
}
