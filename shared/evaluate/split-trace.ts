/** A trace by tensor: what moved, reconciled with the trace along full directions, and what is exact. */
import type { Measure } from "../measures/index.ts";
import {
  ROUNDING_OF_BASE,
  roundingBias,
  secondDifferenceRounding,
  type StepChoice,
} from "../perturb/step-size.ts";
import { estimate } from "./estimate.ts";
import type { Evaluation } from "./evaluation.ts";
import { exactOf } from "./exact-sums.ts";
import { traceName } from "./family-setup.ts";
import type { Visited } from "./per-tensor.ts";
import { reconcile, type Estimated, type Part } from "./reconcile.ts";
import type { TensorResult } from "./result.ts";
import type { Tally } from "./tally.ts";

export function splitTrace(
  { subject, corpus, families }: Evaluation,
  tally: Tally,
  measure: Measure,
  strata: readonly Visited[],
): TensorResult[] {
  const full = estimate(tally, tally.measures[measure.id]!);
  const whole = {
    value: full.value,
    variance: (full.directionError ?? 0) ** 2,
    examples: tally.tokens.map((_, i) => i),
    labelledTokens: corpus.labelledTokens,
  };
  const step = families.get(measure.family!.id)?.step;
  const moved = step ? reconcileRounded(measure, step, whole, strata) : [];
  const exact = Object.entries(exactOf(tally, measure)?.byParameter ?? {}).map(([index, sum]) => {
    return { index: Number(index), value: sum / corpus.labelledTokens };
  });
  const found = new Map<number, Pick<TensorResult, "value" | "directionError" | "exact">>([
    ...moved.map(({ parameter, value, variance }) => {
      return [parameter.index, { value, directionError: Math.sqrt(variance) }] as const;
    }),
    ...exact.map(({ index, value }) => [index, { value, directionError: 0, exact: true }] as const),
  ]);
  return subject.parameters.flatMap(({ index, name, layer, kind, count }) => {
    const part = found.get(index);
    return part ? [{ name, layer, kind, parameters: count, ...part }] : [];
  });
}

type Sums = Pick<Visited, "value" | "variance" | "examples" | "labelledTokens">;

/**
 * Reconciles with the rounding that estimates share. Second differences: the ℓ₀ of every example, with weight 1/m_s in
 * a stratum that visits it. First differences: the bias, which every stratum has to itself, so that it adds up too.
 */
function reconcileRounded(
  measure: Measure,
  { rounding, epsilon }: StepChoice,
  whole: Sums,
  strata: readonly Visited[],
): Part[] {
  const trace = traceName(measure);
  const isSecond = trace === "hessian";
  const loaded = <S extends Sums>(sums: S): S & Estimated => {
    const { examples, labelledTokens } = sums;
    return { ...sums, loadings: new Map(isSecond ? examples.map((i) => [i, 1 / labelledTokens]) : [[0, 1]]) };
  };
  const source = isSecond
    ? ROUNDING_OF_BASE * secondDifferenceRounding(rounding, epsilon)
    : roundingBias(trace, rounding, epsilon) ** 2;
  return reconcile(loaded(whole), strata.map(loaded), source);
}
