/**
 * How two measures go together over checkpoints, of which those of one run are pseudo-replicates: intervals resample runs,
 * p-values permute them.
 */
import {
  coefficient,
  coefficientValue,
  type Checkpoints,
  type Coefficient,
  type CoefficientName,
} from "./coefficient.ts";
import { requireFinite, requireLength, StatisticsInputError } from "./error.ts";
import { requireNested } from "./grouping.ts";

export interface AssociationInput {
  /** By checkpoint; null where it is undefined. Such checkpoints are left out and counted. */
  readonly x: readonly (number | null)[];
  readonly y: readonly (number | null)[];
  /** Name of the training run of each checkpoint. */
  readonly runs: readonly string[];
  /** Name of each checkpoint's family; a run lies in one family. */
  readonly families?: readonly string[];
  /** For partial correlations. */
  readonly loss?: readonly (number | null)[];
  /** A whole number below 2⁵³. */
  readonly seed: number;
  readonly resamples?: number;
}

export interface Association {
  /** Checkpoints with both x and y, and the runs they come from. */
  readonly checkpoints: number;
  readonly runs: number;
  /** Checkpoints without x or y. */
  readonly leftOut: number;
  readonly pearson: Coefficient;
  readonly spearman: Coefficient;
  readonly kendall: Coefficient;
  /** Loss held fixed linearly, on values and on ranks; null where no loss was given. Uses checkpoints that have one. */
  readonly partial: { readonly pearson: Coefficient; readonly spearman: Coefficient } | null;
  /** Checkpoints of one family compared with each other; null where no families were given. */
  readonly withinFamily: Readonly<Record<CoefficientName, Coefficient>> | null;
  /** Checkpoints of one run compared with each other. */
  readonly withinRun: Readonly<Record<CoefficientName, Coefficient>>;
  /** null where no families were given. */
  readonly leaveOneFamilyOut: LeaveOneFamilyOut | null;
}

export interface LeaveOneFamilyOut {
  readonly without: readonly ({
    readonly family: string;
    /** Why values are null. */
    readonly reason: string | null;
  } & Readonly<Record<CoefficientName, number | null>>)[];
  /** Smallest and largest of the values above; null where none is defined. */
  readonly range: Readonly<Record<CoefficientName, readonly [low: number, high: number] | null>>;
}

const NAMES: readonly CoefficientName[] = ["pearson", "spearman", "kendall"];
/** Fewer leave the tails of the bootstrap empty. */
const FEWEST_RESAMPLES = 100;

/**
 * @throws {StatisticsInputError} where lists differ in length, hold anything but finite numbers and null, a run lies in
 * two families, or the seed or the number of resamples is out of range.
 */
export function associate(input: AssociationInput): Association {
  const { runs, families, loss, seed, resamples = 2000 } = input;
  requireLength("runs", runs.length, input.x.length, "x");
  if (families !== undefined) requireNested(runs, families);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new StatisticsInputError(`The seed is ${seed}, expected a whole number from 0 to 2^53 − 1.`);
  if (!Number.isSafeInteger(resamples) || resamples < FEWEST_RESAMPLES)
    throw new StatisticsInputError(
      `resamples is ${resamples}, expected a whole number from ${FEWEST_RESAMPLES} up.`,
    );
  const resampling = { seed, resamples };
  const whole = complete(input);
  const conditioned = loss === undefined ? null : complete(input, loss);
  const byName = (scope: "all" | "family" | "run") =>
    Object.fromEntries(NAMES.map((name) => [name, coefficient(name, whole, scope, resampling)])) as Record<
      CoefficientName,
      Coefficient
    >;
  return {
    checkpoints: whole.x.length,
    runs: new Set(whole.runs).size,
    leftOut: input.x.length - whole.x.length,
    ...byName("all"),
    partial: conditioned && {
      pearson: coefficient("pearson", conditioned, "all", resampling),
      spearman: coefficient("spearman", conditioned, "all", resampling),
    },
    withinFamily: families === undefined ? null : byName("family"),
    withinRun: byName("run"),
    leaveOneFamilyOut: whole.families === undefined ? null : leaveOneFamilyOut(whole, whole.families),
  };
}

/** Checkpoints that have all values. */
function complete(input: AssociationInput, given?: readonly (number | null)[]): Checkpoints {
  const { x, y, runs, families } = input;
  requireLength("y", y.length, x.length, "x");
  if (given !== undefined) requireLength("loss", given.length, x.length, "x");
  const kept = x.flatMap((value, i) => (value === null || y[i] === null || given?.[i] === null ? [] : [i]));
  const lists = {
    x: kept.map((i) => x[i] as number),
    y: kept.map((i) => y[i] as number),
    ...(given !== undefined && { given: kept.map((i) => given[i] as number) }),
  };
  requireFinite(lists);
  return {
    ...lists,
    runs: kept.map((i) => runs[i]!),
    ...(families !== undefined && { families: kept.map((i) => families[i]!) }),
  };
}

function leaveOneFamilyOut(checkpoints: Checkpoints, families: readonly string[]): LeaveOneFamilyOut {
  const without = [...new Set(families)].map((family) => {
    const kept = families.flatMap((other, i) => (other === family ? [] : [i]));
    const rest: Checkpoints = {
      x: kept.map((i) => checkpoints.x[i]!),
      y: kept.map((i) => checkpoints.y[i]!),
      runs: kept.map((i) => checkpoints.runs[i]!),
    };
    const values = NAMES.map((name) => coefficientValue(name, rest, "all"));
    const [pearson, spearman, kendall] = values.map(({ value }) => value) as [
      number | null,
      number | null,
      number | null,
    ];
    return {
      family,
      reason: values.find(({ reason }) => reason !== null)?.reason ?? null,
      pearson,
      spearman,
      kendall,
    };
  });
  const range = (name: CoefficientName) => {
    const values = without.flatMap((entry) => entry[name] ?? []);
    return values.length === 0 ? null : ([Math.min(...values), Math.max(...values)] as const);
  };
  return {
    without,
    range: { pearson: range("pearson"), spearman: range("spearman"), kendall: range("kendall") },
  };
}
