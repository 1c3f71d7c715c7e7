/**
 * Loss-matched cohorts: checkpoints whose losses are equal for all one can want, so that loss cannot explain what else
 * differs between them.
 *
 * Two checkpoints match where |ΔL| + 1.96 · SE(ΔL) ≤ δ, with the error of the paired difference: surely within δ, not
 * merely indistinguishable, which would reward noise. Checkpoints that match no other are set aside; the others are
 * sorted by loss, and a cohort is a window of that order in which every pair matches and which no larger such window
 * holds. A checkpoint may be in several cohorts.
 */
import { comparePaired, type ExampleDesign } from "./comparison.ts";
import { requireFinite, requireLength, StatisticsInputError } from "./error.ts";

export interface CohortInput {
  /** By checkpoint, nats; excess loss where it is known. Null where undefined. */
  readonly loss: readonly (number | null)[];
  /** Standard error of loss[i] − loss[j] on common examples; null where there is none: such pairs do not match. */
  readonly pairedError: (i: number, j: number) => number | null;
  /** δ, nats. */
  readonly tolerance?: number;
}

export interface Cohort {
  /** Indices of checkpoints, by rising loss. */
  readonly members: readonly number[];
  readonly lowest: number;
  readonly highest: number;
}

export interface Cohorts {
  /** By rising loss. */
  readonly cohorts: readonly Cohort[];
  /** The one of most members, of lowest loss among equals; null where there is none. */
  readonly largest: Cohort | null;
  /** Checkpoints in no cohort. */
  readonly unmatched: readonly { readonly index: number; readonly reason: string }[];
}

const FEWEST_MEMBERS = 3;
/** 1.01 − 1.00 is a little more than 0.01 in floating point. */
const ROUNDING = 1e-12;

/** @throws {StatisticsInputError} where a loss or error is no finite number, or δ is not positive. */
export function lossMatchedCohorts({ loss, pairedError, tolerance = 0.01 }: CohortInput): Cohorts {
  if (!(tolerance > 0))
    throw new StatisticsInputError(`The tolerance is ${tolerance}, expected a positive number of nats.`);
  const known = loss.flatMap((value, i) => (value === null ? [] : [i])).sort((i, j) => loss[i]! - loss[j]!);
  const value = (i: number) => loss[i] as number;
  requireFinite({ loss: known.map(value) });
  const matches = (i: number, j: number) => {
    const distance = Math.abs(value(i) - value(j));
    if (distance > tolerance + ROUNDING) return false;
    const error = pairedError(i, j);
    if (error !== null && !(error >= 0))
      throw new StatisticsInputError(
        `The paired error of checkpoints ${i} and ${j} is ${error}, expected 0 or more.`,
      );
    return error !== null && distance + 1.96 * error <= tolerance + ROUNDING;
  };
  const order = known.filter((i) => known.some((j) => j !== i && matches(i, j)));
  // From each end back to the first start from which all pairs match; starts never move back.
  const starts: number[] = [];
  order.forEach((i, end) => {
    let start = starts.at(-1) ?? 0;
    for (let before = end - 1; before >= start; before--) if (!matches(order[before]!, i)) start = before + 1;
    starts.push(start);
  });
  const cohorts = starts.flatMap((start, end): Cohort[] => {
    const members = order.slice(start, end + 1);
    if (starts[end + 1] === start || members.length < FEWEST_MEMBERS) return [];
    return [{ members, lowest: value(members[0]!), highest: value(members.at(-1)!) }];
  });
  const placed = new Set(cohorts.flatMap(({ members }) => members));
  const paired = new Set(order);
  const unmatched = loss.flatMap((found, index) => {
    if (placed.has(index)) return [];
    if (found === null) return [{ index, reason: "its loss is undefined" }];
    const reason = paired.has(index)
      ? `fewer than ${FEWEST_MEMBERS} checkpoints around it all match each other`
      : `no other loss is surely within ${tolerance} nats of its own`;
    return [{ index, reason }];
  });
  const largest = cohorts.reduce<Cohort | null>(
    (best, cohort) => (best === null || cohort.members.length > best.members.length ? cohort : best),
    null,
  );
  return { cohorts, largest, unmatched };
}

/**
 * Paired errors from the losses of common examples: `examples[c][i]` is the summed loss of example i under checkpoint c,
 * null where checkpoint c has none.
 */
export function pairedErrors(
  examples: readonly (readonly number[] | null)[],
  design: ExampleDesign = {},
): CohortInput["pairedError"] {
  const first = examples.find((losses) => losses !== null);
  examples.forEach((losses, c) => {
    if (losses) requireLength(`examples[${c}]`, losses.length, first!.length, "the first checkpoint");
  });
  return (i, j) => {
    const [a, b] = [examples[i], examples[j]];
    return a && b ? comparePaired(a, b, design).standardError : null;
  };
}
