/** A result against its replay, number by number. */
import { decodeFloats } from "../../shared/evaluate/float-list.ts";
import { MEASURES, type Measure } from "../../shared/measures/index.ts";
import type { MeasureResult, UndefinedMeasure } from "../../shared/evaluate/result.ts";
import type { Result } from "../../shared/evaluate/result-schema.ts";
import type { Comparison } from "./comparison.ts";
import { compareTasks } from "./compare-tasks.ts";
import type { Replay } from "./replay.ts";

/** Differences, relative to the value, that other kernels and orders of summation may make. */
const TOLERANCE = { loss: 1e-5, firstDifference: 1e-4, secondDifference: 3e-3 };
/** Errors are told to two digits; they need not agree better. */
const ERROR_TOLERANCE = 1e-2;
/** Predicted rounding is one standard deviation. */
const DEVIATIONS = 4;

/** Every number that either has; what only one of them has does not agree. */
export function compareResults(
  result: Result,
  replay: Replay,
  corpus: { examples: number; labelledTokens: number },
): Comparison[] {
  const { checkpoint } = result;
  const exact = (what: string, claimed: number, replayed: number): Comparison => ({
    what,
    claimed,
    replayed,
    tolerance: 0,
    agrees: claimed === replayed,
  });
  return [
    exact("Examples", result.corpus.examples, corpus.examples),
    exact("Labelled tokens", result.corpus.labelledTokens, corpus.labelledTokens),
    exact("Parameters", checkpoint.parameters, replay.parameters),
    exact("Parameters moved", checkpoint.perturbedParameters, replay.perturbedParameters),
    exact("Parameters with exact traces", checkpoint.exactParameters, replay.exactParameters),
    ...MEASURES.flatMap((measure) => {
      const claimed = result.measures[measure.id];
      const again = replay.measures[measure.id];
      if (!claimed) return [];
      const [list, listAgain] = [result.perExample?.[measure.id], replay.perExample[measure.id]];
      return [
        ...compareMeasure(measure, claimed, again),
        ...(again && again.value !== null
          ? compareExamples(list, listAgain, corpus.labelledTokens, toleranceOf(measure, again))
          : []),
      ];
    }),
    ...compareTasks(result, replay.tasks),
  ];
}

function compareMeasure(
  measure: Measure,
  claimed: MeasureResult | UndefinedMeasure,
  again: MeasureResult | UndefinedMeasure | undefined,
): Comparison[] {
  const { label } = measure;
  const value = finite(again?.value);
  if (!again || claimed.value === null || again.value === null || value === null) {
    const agrees = claimed.value === null && again !== undefined && value === null;
    return agrees ? [] : [{ what: label, claimed: claimed.value, replayed: value, tolerance: 0, agrees }];
  }
  const tolerance = toleranceOf(measure, { ...again, value });
  const compare = (what: string, a: number, b: number, allowed: number): Comparison => ({
    what,
    claimed: a,
    replayed: b,
    tolerance: allowed,
    agrees: Math.abs(a - b) <= allowed,
  });
  const comparisons = [compare(label, claimed.value, again.value, tolerance)];
  for (const [name, key] of [
    ["standard error", "standardError"],
    ["direction error", "directionError"],
  ] as const) {
    const [a, b] = [finite(claimed[key]), finite(again[key])];
    if (a !== null && b !== null)
      comparisons.push(compare(`  ${name}`, a, b, ERROR_TOLERANCE * b + tolerance));
    else if (a !== b) comparisons.push(differing(`  ${name}`, a, b));
  }
  const [parts, partsAgain] = [claimed.perTensor, again.perTensor];
  if (parts && partsAgain) {
    const values = new Map(partsAgain.map(({ name, value }) => [name, value]));
    const gaps = parts.map(({ name, value }) => Math.abs(value - (values.get(name) ?? Infinity)));
    const worst =
      parts.length === values.size ? gaps.reduce((most, gap) => Math.max(most, gap), 0) : Infinity;
    comparisons.push(compare("  largest difference of a tensor", worst, 0, tolerance));
  } else if (parts || partsAgain) {
    comparisons.push(differing("  tensors", parts?.length ?? null, partsAgain?.length ?? null));
  }
  // Settings of the measure are worth a line only where they are not those of the replay.
  for (const key of ["unit", "directions", "epsilon"] as const) {
    const [a, b] = [claimed[key] ?? null, again[key] ?? null];
    if (a !== b) comparisons.push(differing(`  ${key === "epsilon" ? "ε" : key}`, a, b));
  }
  return comparisons;
}

/** The difference of values that is allowed. */
function toleranceOf(
  measure: Measure,
  { value, roundingError = 0 }: Pick<MeasureResult, "value" | "roundingError">,
): number {
  const relative = !measure.family
    ? TOLERANCE.loss
    : measure.secondDifference
      ? TOLERANCE.secondDifference
      : TOLERANCE.firstDifference;
  // A Hessian trace near zero is all rounding; how much is judged by the replay, not by what was handed in.
  const least = measure.forward === "excess" ? TOLERANCE.loss : 0;
  return Math.max(least, relative * Math.abs(value), DEVIATIONS * roundingError);
}

/**
 * Examples' own values, by what their differences would do to the measure if they were independent: √(Σ δ²) / M. What
 * comes from rounding does no more than rounding does to the measure itself.
 */
function compareExamples(
  text: string | undefined,
  again: readonly number[] | undefined,
  labelledTokens: number,
  tolerance: number,
): Comparison[] {
  const what = "  differences of examples";
  const claimed = text === undefined ? null : decodeFloats(text);
  if (text === undefined && again === undefined) return [];
  if (!claimed || !again || claimed.length !== again.length) {
    return [differing(what, claimed?.length ?? null, again?.length ?? null)];
  }
  const squares = again.reduce((sum, value, i) => sum + (claimed[i]! - value) ** 2, 0);
  const difference = Math.sqrt(squares) / labelledTokens;
  return [{ what, claimed: difference, replayed: 0, tolerance, agrees: difference <= tolerance }];
}

/** Result files hold no infinities: they leave them out. */
function finite(value: number | null | undefined): number | null {
  return value !== null && value !== undefined && Number.isFinite(value) ? value : null;
}

function differing(
  what: string,
  claimed: Comparison["claimed"],
  replayed: Comparison["replayed"],
): Comparison {
  return { what, claimed, replayed, tolerance: 0, agrees: false };
}
