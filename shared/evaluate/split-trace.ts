/** A trace by tensor: what moved, reconciled with the trace along full directions, and what is exact. */
import type { Measure } from "../measures/index.ts";
import {
  ROUNDING_OF_BASE,
  roundingBias,
  roundingNoise,
  secondDifferenceRounding,
  type StepChoice,
} from "../perturb/step-size.ts";
import { estimate } from "./estimate.ts";
import type { Evaluation } from "./evaluation.ts";
import { exactOf } from "./exact-sums.ts";
import { traceName } from "./family-setup.ts";
import type { Visited } from "./per-tensor.ts";
import { reconcile, type Estimated, type Part } from "./reconcile.ts";
import type { MeasureResult, TensorResult } from "./result.ts";
import type { Tally } from "./tally.ts";

/** What the parts of a trace tell about the whole. */
export type SplitTotal = Required<Pick<MeasureResult, "value" | "directionError" | "roundingError">>;

export function splitTrace(
  { subject, corpus, families }: Evaluation,
  tally: Tally,
  measure: Measure,
  strata: readonly Visited[],
): { total: SplitTotal; tensors: TensorResult[] } {
  const full = estimate(tally, tally.measures[measure.id]!);
  const whole = {
    value: full.value,
    variance: (full.directionError ?? 0) ** 2,
    examples: tally.tokens.map((_, i) => i),
    labelledTokens: corpus.labelledTokens,
    directions: tally.directions.reduce((least, drawn) => Math.min(least, drawn), Infinity),
  };
  const step = families.get(measure.family!.id)?.step;
  const moved = step ? reconcileSums(measure, step, whole, strata) : NOTHING_MOVED;
  const exact = Object.entries(exactOf(tally, measure)?.byParameter ?? {}).map(([index, sum]) => {
    return { index: Number(index), value: sum / corpus.labelledTokens };
  });
  const found = new Map<number, Pick<TensorResult, "value" | "directionError" | "exact">>([
    ...moved.parts.map(({ parameter, value, variance }) => {
      return [parameter.index, { value, directionError: Math.sqrt(variance) }] as const;
    }),
    ...exact.map(({ index, value }) => [index, { value, directionError: 0, exact: true }] as const),
  ]);
  return {
    total: {
      value: exact.reduce((sum, { value }) => sum + value, moved.value),
      directionError: moved.directionError,
      roundingError: moved.roundingError,
    },
    tensors: subject.parameters.flatMap(({ index, name, layer, kind, count }) => {
      const part = found.get(index);
      return part ? [{ name, layer, kind, parameters: count, ...part }] : [];
    }),
  };
}

const NOTHING_MOVED = { value: 0, directionError: 0, roundingError: 0, parts: [] as readonly Part[] };

/**
 * Reconciles with the rounding that estimates share. Second differences: the ℓ₀ of every example, with weight 1/m_s in
 * a stratum that visits it. First differences: the bias, which every stratum has to itself, so that it adds up too.
 */
function reconcileSums(
  measure: Measure,
  { rounding, epsilon }: StepChoice,
  whole: Omit<Visited, "parameter">,
  strata: readonly Visited[],
) {
  const trace = traceName(measure);
  if (trace === "hessian") {
    const variance = secondDifferenceRounding(rounding, epsilon);
    const loaded = <V extends Omit<Visited, "parameter">>(visited: V): V & Estimated => {
      const { examples, labelledTokens, directions } = visited;
      const own = ((1 - ROUNDING_OF_BASE) * variance * examples.length) / (directions * labelledTokens ** 2);
      return {
        ...visited,
        ownRounding: own,
        loadings: new Map(examples.map((i) => [i, 1 / labelledTokens])),
      };
    };
    return reconcile(loaded(whole), strata.map(loaded), ROUNDING_OF_BASE * variance);
  }
  const bias = roundingBias(trace, rounding, epsilon);
  const loaded = <V extends Omit<Visited, "parameter">>(visited: V): V & Estimated => {
    const { value, labelledTokens, directions } = visited;
    const own = roundingNoise(value, bias, labelledTokens * directions);
    return { ...visited, ownRounding: own, loadings: new Map([[0, 1]]) };
  };
  return reconcile(loaded(whole), strata.map(loaded), bias ** 2);
}
