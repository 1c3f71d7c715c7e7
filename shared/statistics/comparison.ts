/** Differences between two checkpoints, with what is needed to say whether they are real. */
import type { Interval } from "./bootstrap.ts";
import { requireFinite, requireLength, StatisticsInputError } from "./error.ts";
import { normalCdf } from "./normal.ts";
import { studentTCdf, studentTQuantile } from "./student-t.ts";

export interface Comparison {
  readonly method: "paired" | "unpaired";
  /** First minus second, in their unit. */
  readonly difference: number;
  readonly standardError: number | null;
  /** 95 %. */
  readonly interval: Interval | null;
  /** Two-sided. */
  readonly pValue: number | null;
  /** Why error, interval or p-value is null; null where none is. */
  readonly reason: string | null;
}

/** How the examples are put together. */
export interface ExampleDesign {
  /** What each example counts in the denominator, such as its labelled tokens; absent: 1. */
  readonly weights?: readonly number[];
  /** Examples of one group count as one draw from the population; absent: each is its own. */
  readonly groups?: readonly (string | undefined)[];
}

/** Errors below this share of the difference are rounding: the differences are all alike. */
const ROUNDING = 1e-12;

/**
 * Two checkpoints on the same examples. A checkpoint's value is Σᵢ aᵢ / Σᵢ mᵢ; the difference d = Σ (aᵢ − bᵢ) / Σ mᵢ has
 * error² = G/(G−1) Σ_g (Σ_{i∈g} (aᵢ − bᵢ − d mᵢ))² / (Σ m)² over G groups, and is judged by Student's t with G − 1.
 * Where all groups differ alike there is no error to judge by; the sign test then gives p = 2^(1−G).
 *
 * @throws {StatisticsInputError} where lists are not aligned, hold anything but finite numbers, or weights are negative or
 * add up to 0.
 */
export function comparePaired(
  a: readonly number[],
  b: readonly number[],
  design: ExampleDesign = {},
): Comparison {
  requireFinite({ a, b });
  return pairedComparison(a.length, design)(a, b);
}

/**
 * `comparePaired` made ready for many pairs: what they have in common is worked out once.
 *
 * @returns a function of two lists of so many finite numbers, which it does not check.
 * @throws {StatisticsInputError} where the design is not one of so many examples.
 */
export function pairedComparison(
  examples: number,
  design: ExampleDesign = {},
): (a: ArrayLike<number>, b: ArrayLike<number>) => Comparison {
  const weights = Float64Array.from(requireDesign(examples, design));
  const total = sum(weights);
  const { groupOf, count } = numberGroups(examples, design.groups);
  const degrees = count - 1;
  const residuals = new Float64Array(count);
  let critical: number | undefined;
  return (a, b) => {
    let difference = 0;
    for (let i = 0; i < examples; i++) difference += a[i]! - b[i]!;
    difference /= total;
    if (count < 2)
      return undecided(
        "paired",
        difference,
        "all examples are of one group, which leaves no error to judge by",
      );
    let squares = 0;
    if (count === examples) {
      for (let i = 0; i < examples; i++) squares += (a[i]! - b[i]! - difference * weights[i]!) ** 2;
    } else {
      residuals.fill(0);
      for (let i = 0; i < examples; i++) residuals[groupOf[i]!]! += a[i]! - b[i]! - difference * weights[i]!;
      for (const residual of residuals) squares += residual * residual;
    }
    const standardError = Math.sqrt((count / degrees) * squares) / total;
    if (standardError <= ROUNDING * Math.abs(difference)) {
      const pValue = difference === 0 ? 1 : Math.max(2 ** -degrees, Number.MIN_VALUE);
      return {
        method: "paired",
        difference,
        standardError: 0,
        interval: [difference, difference],
        pValue,
        reason: null,
      };
    }
    critical ??= criticalValue(degrees);
    return judged("paired", difference, standardError, degrees, critical);
  };
}

/** The group of each example, by number; one without a label is a group of its own. */
function numberGroups(
  examples: number,
  groups: ExampleDesign["groups"],
): { readonly groupOf: Int32Array; readonly count: number } {
  const numbers = new Map<string, number>();
  const groupOf = new Int32Array(examples);
  let count = 0;
  for (let i = 0; i < examples; i++) {
    const label = groups?.[i];
    const known = label === undefined ? undefined : numbers.get(label);
    groupOf[i] = known ?? count++;
    if (label !== undefined) numbers.set(label, groupOf[i]!);
  }
  return { groupOf, count };
}

/** A value whose examples are not at hand. */
export interface Estimated {
  readonly value: number;
  readonly standardError: number | null;
  /** Of the standard error; absent: many. */
  readonly degrees?: number;
}

/**
 * Two checkpoints whose examples are not at hand: Welch's test, error² = SE_a² + SE_b², degrees of freedom by
 * Satterthwaite. On common examples this is conservative, since what they share is not taken out.
 *
 * @throws {StatisticsInputError} where a value or error is not a finite number, or an error is negative.
 */
export function compareUnpaired(a: Estimated, b: Estimated): Comparison {
  requireFinite({ values: [a.value, b.value] });
  const difference = a.value - b.value;
  if (a.standardError === null || b.standardError === null)
    return undecided("unpaired", difference, "a standard error is missing");
  for (const { standardError: error, degrees = Infinity } of [a, b]) {
    if (!(error! >= 0 && Number.isFinite(error)))
      throw new StatisticsInputError(`A standard error is ${error}, expected a finite number from 0 up.`);
    if (!(degrees > 0))
      throw new StatisticsInputError(`Degrees of freedom are ${degrees}, expected a positive number.`);
  }
  const larger = Math.max(a.standardError, b.standardError);
  if (larger === 0) return undecided("unpaired", difference, "both standard errors are 0");
  // Shares of the larger error, whose powers neither overflow nor vanish.
  const [shareA, shareB] = [(a.standardError / larger) ** 2, (b.standardError / larger) ** 2];
  const spread = shareA ** 2 / (a.degrees ?? Infinity) + shareB ** 2 / (b.degrees ?? Infinity);
  const standardError = larger * Math.sqrt(shareA + shareB);
  return judged("unpaired", difference, standardError, (shareA + shareB) ** 2 / spread);
}

/** Checks the design and gives the weights. */
export function requireDesign(examples: number, { weights, groups }: ExampleDesign): readonly number[] {
  if (groups !== undefined) requireLength("groups", groups.length, examples, "the examples");
  if (weights === undefined) {
    if (examples === 0) throw new StatisticsInputError("There are no examples to compare on.");
    return new Array<number>(examples).fill(1);
  }
  requireLength("weights", weights.length, examples, "the examples");
  requireFinite({ weights });
  if (weights.some((weight) => weight < 0) || !(sum(weights) > 0))
    throw new StatisticsInputError("Weights must not be negative, and at least one must be positive.");
  return weights;
}

function judged(
  method: Comparison["method"],
  difference: number,
  standardError: number,
  degrees: number,
  critical = criticalValue(degrees),
): Comparison {
  const below = -Math.abs(difference / standardError);
  const tail = degrees === Infinity ? normalCdf(below) : studentTCdf(below, degrees);
  const half = standardError * critical;
  return {
    method,
    difference,
    standardError,
    interval: [difference - half, difference + half],
    // Never 0, which would claim certainty where only the tail underflowed.
    pValue: Math.max(2 * tail, Number.MIN_VALUE),
    reason: null,
  };
}

/** Half a 95 % interval, in standard errors. */
function criticalValue(degrees: number): number {
  return degrees === Infinity ? 1.959963984540054 : studentTQuantile(0.975, degrees);
}

function undecided(method: Comparison["method"], difference: number, reason: string): Comparison {
  return { method, difference, standardError: null, interval: null, pValue: null, reason };
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
