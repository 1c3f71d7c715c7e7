/**
 * Makes the parts of a trace add up to the whole.
 *
 * Full directions give the whole trace T_F, and directions that move one tensor at a time give its parts T_s; both
 * T_F and ΣT_s estimate the same number. The best linear unbiased combination of all of them is taken, T_s* =
 * T_s + (Cov(T_s, ΣT) − Cov(T_s, T_F)) / Var(T_F − ΣT) · (T_F − ΣT), so that ΣT_s* is their weighted mean.
 *
 * Direction noise is independent. Rounding is not: all parts and the whole subtract the same rounded ℓ₀, say, and in the
 * sum of many parts that adds up. Such errors have sources, independent and of variance σ² each, on which estimates
 * load: with loadings a_s of the parts, A = Σ a_s and f of the whole, Var ΣT = ΣV_s + σ²A·A, Cov(T_F, ΣT) = σ²f·A,
 * Cov(T_s, ΣT) = V_s + σ²a_s·A.
 */
import type { Parameter } from "../onnx/parameters.ts";

/** How much of each source's error an estimate takes, by source. */
export type Loadings = ReadonlyMap<number, number>;

export interface Estimated {
  readonly value: number;
  /** Direction noise, for this very corpus. It holds rounding that differs from direction to direction. */
  readonly variance: number;
  /** That rounding's part of `variance`. */
  readonly ownRounding: number;
  readonly loadings: Loadings;
}

/** A part of a trace: one tensor's. */
export interface Stratum extends Estimated {
  readonly parameter: Parameter;
}

/** A part after reconciliation. */
export interface Part {
  readonly parameter: Parameter;
  readonly value: number;
  /** Of direction noise and rounding together. */
  readonly variance: number;
}

export interface Reconciled {
  /** What the parts add up to. */
  readonly value: number;
  readonly directionError: number;
  readonly roundingError: number;
  readonly parts: readonly Part[];
}

/** @param source σ², the variance of each source's error. */
export function reconcile(full: Estimated, strata: readonly Stratum[], source = 0): Reconciled {
  const loadings = new Map<number, number>();
  for (const stratum of strata) {
    for (const [id, loading] of stratum.loadings) loadings.set(id, (loadings.get(id) ?? 0) + loading);
  }
  const sum = {
    value: total(strata, ({ value }) => value),
    variance: total(strata, ({ variance }) => variance),
    ownRounding: total(strata, ({ ownRounding }) => ownRounding),
    loadings,
  };
  const shared = (a: Estimated, b: Estimated) => source * dot(a.loadings, b.loadings);
  const difference = full.value - sum.value;
  // Where only one of the two knows its error, there is nothing to weigh.
  const known = full.variance > 0 && sum.variance > 0;
  const variance =
    full.variance + shared(full, full) + sum.variance + shared(sum, sum) - 2 * shared(full, sum);

  const parts = strata.map((stratum): Part => {
    const { parameter, value } = stratum;
    const alone = stratum.variance + shared(stratum, stratum);
    if (!known) return { parameter, value, variance: alone };
    const covariance = stratum.variance + shared(stratum, sum) - shared(stratum, full);
    const gain = covariance / variance;
    return { parameter, value: value + gain * difference, variance: alone - gain * covariance };
  });

  const weight = known ? (sum.variance + shared(sum, sum) - shared(full, sum)) / variance : 0;
  const rest = 1 - weight;
  return {
    value: sum.value + weight * difference,
    directionError: Math.sqrt(weight ** 2 * full.variance + rest ** 2 * sum.variance),
    roundingError: Math.sqrt(
      weight ** 2 * (full.ownRounding + shared(full, full)) +
        rest ** 2 * (sum.ownRounding + shared(sum, sum)) +
        2 * weight * rest * shared(full, sum),
    ),
    parts,
  };
}

function total<T>(items: readonly T[], term: (item: T) => number): number {
  return items.reduce((sum, item) => sum + term(item), 0);
}

function dot(a: Loadings, b: Loadings): number {
  let sum = 0;
  for (const [id, loading] of a) sum += loading * (b.get(id) ?? 0);
  return sum;
}
