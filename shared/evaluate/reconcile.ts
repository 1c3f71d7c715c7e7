/**
 * Makes the parts of a trace add up to the whole.
 *
 * Full directions give the whole trace T_F, and directions that move one tensor at a time give its parts T_s, whose sum
 * estimates the same number. The whole stays as it is, so that all that is said of it, such as what each example adds,
 * belongs to one number; each part takes its share of the difference, T_s* = T_s + g_s·(T_F − ΣT) with
 * g_s = Cov(T_s, ΣT) / Var ΣT, and Σ g_s = 1.
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

/** @param source σ², the variance of each source's error. */
export function reconcile(full: Estimated, strata: readonly Stratum[], source = 0): Part[] {
  const loadings = new Map<number, number>();
  for (const stratum of strata) {
    for (const [id, loading] of stratum.loadings) loadings.set(id, (loadings.get(id) ?? 0) + loading);
  }
  const sum = {
    value: strata.reduce((total, { value }) => total + value, 0),
    variance: strata.reduce((total, { variance }) => total + variance, 0),
    loadings,
  };
  const shared = (a: Estimated, b: Estimated) => source * dot(a.loadings, b.loadings);
  const varianceOfSum = sum.variance + shared(sum, sum);
  const difference = full.value - sum.value;
  const varianceOfDifference = full.variance + shared(full, full) + varianceOfSum - 2 * shared(full, sum);
  return strata.map((stratum): Part => {
    const { parameter, value } = stratum;
    const withSum = stratum.variance + shared(stratum, sum);
    // Parts without any noise agree with the whole, but for what rounding is left in its own.
    const gain = varianceOfSum > 0 ? withSum / varianceOfSum : 1 / strata.length;
    const withDifference = shared(stratum, full) - withSum;
    const alone = stratum.variance + shared(stratum, stratum);
    return {
      parameter,
      value: value + gain * difference,
      variance: Math.max(0, alone + 2 * gain * withDifference + gain ** 2 * varianceOfDifference),
    };
  });
}

function dot(a: Loadings, b: Loadings): number {
  let sum = 0;
  for (const [id, loading] of a) sum += loading * (b.get(id) ?? 0);
  return sum;
}
