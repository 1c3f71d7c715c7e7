/**
 * What evaluation gathers: for every example the sum of its estimates over directions. Tallies of different examples or
 * directions add up, in any order, to the tally of all of them.
 */
import { PlateauError } from "../errors.ts";
import type { ExactKind } from "../perturb/exact-head.ts";

/** Sums of one measure over the directions of each example. */
export interface MeasureSums {
  /** [example]: Σ_k h_ik. */
  readonly sum: readonly number[];
  /** [unit]: Σ_k (Σ_{i ∈ unit} h_ik)²; a unit is an example, or the block that shares directions. */
  readonly squares: readonly number[];
}

/** Exact traces of the output head: parameters that need no directions. */
export interface ExactSums {
  /** [example]: of all those parameters together, summed over the example's labelled tokens. */
  readonly sum: readonly number[];
  /** By parameter index: of all the examples together. */
  readonly byParameter: Readonly<Record<number, number>>;
}

/** A piece's result: examples `[firstExample, firstExample + tokens.length)`, directions `[firstDirection, …)`. */
export interface Tally {
  readonly firstExample: number;
  readonly firstDirection: number;
  /** Examples that draw directions together; 1 but for models with whole-weight fallbacks. */
  readonly unitSize: number;
  /** [example]: labelled tokens m_i. */
  readonly tokens: readonly number[];
  /** [example]: ℓ_i(θ), nats. */
  readonly loss: readonly number[];
  /** [example]: Σ_t KL(q ‖ p), nats; null where it was not asked for, or the language is not known. */
  readonly excess: readonly number[] | null;
  /** [example]: number of directions in the sums. */
  readonly directions: readonly number[];
  /** Like the loss known from θ alone, so that further directions leave it as it is; empty where nothing is exact. */
  readonly exact: Readonly<Partial<Record<ExactKind, ExactSums>>>;
  readonly measures: Readonly<Record<string, MeasureSums>>;
}

/** Two tallies do not belong to one evaluation. */
export class TallyMismatchError extends PlateauError {}

/**
 * The tally of all examples and directions. Directions add up; examples are laid end to end. The order of `tallies`
 * does not matter, bit for bit.
 *
 * @throws TallyMismatchError where examples are missing or a block of examples and directions is there twice.
 */
export function mergeTallies(tallies: readonly Tally[]): Tally {
  const byExamples = Map.groupBy(tallies, ({ firstExample }) => firstExample);
  const blocks = [...byExamples.keys()]
    .sort((a, b) => a - b)
    .map((first) => {
      const rounds = [...byExamples.get(first)!].sort((a, b) => a.firstDirection - b.firstDirection);
      rounds.forEach((round, i) => {
        if (i > 0 && round.firstDirection === rounds[i - 1]!.firstDirection) {
          throw new TallyMismatchError(
            `Examples from ${first}, directions from ${round.firstDirection} were counted twice.`,
          );
        }
      });
      return rounds.reduce(addDirections);
    });
  return blocks.reduce((left, right) => {
    const next = left.firstExample + left.tokens.length;
    if (right.firstExample !== next || right.unitSize !== left.unitSize) {
      throw new TallyMismatchError(
        `Expected examples from ${next}, found examples from ${right.firstExample}.`,
      );
    }
    return {
      ...left,
      tokens: [...left.tokens, ...right.tokens],
      loss: [...left.loss, ...right.loss],
      excess: joinExcess(left.excess, right.excess),
      directions: [...left.directions, ...right.directions],
      exact: joinExact(left.exact, right.exact),
      measures: combine(left, right, (a, b) => ({
        sum: [...a.sum, ...b.sum],
        squares: [...a.squares, ...b.squares],
      })),
    };
  });
}

function addDirections(left: Tally, right: Tally): Tally {
  if (left.tokens.length !== right.tokens.length) {
    throw new TallyMismatchError(
      `Examples from ${left.firstExample} were cut into pieces of different sizes.`,
    );
  }
  const add = (a: readonly number[], b: readonly number[]) => a.map((value, i) => value + b[i]!);
  return {
    ...left,
    directions: add(left.directions, right.directions),
    measures: combine(left, right, (a, b) => ({
      sum: add(a.sum, b.sum),
      squares: add(a.squares, b.squares),
    })),
  };
}

function joinExcess(left: Tally["excess"], right: Tally["excess"]): Tally["excess"] {
  if ((left === null) !== (right === null)) {
    throw new TallyMismatchError("Some pieces hold the excess loss and some do not.");
  }
  return left && right && [...left, ...right];
}

/** Exact sums of examples laid end to end. */
function joinExact(left: Tally["exact"], right: Tally["exact"]): Tally["exact"] {
  const kinds = Object.keys(left) as ExactKind[];
  if (kinds.join() !== Object.keys(right).join()) {
    throw new TallyMismatchError("Some pieces hold exact traces that others do not.");
  }
  return Object.fromEntries(
    kinds.map((kind) => {
      const [a, b] = [left[kind]!, right[kind]!];
      const parameters = Object.keys(a.byParameter).map(Number);
      const both = parameters.map((index) => [index, a.byParameter[index]! + (b.byParameter[index] ?? NaN)]);
      return [kind, { sum: [...a.sum, ...b.sum], byParameter: Object.fromEntries(both) }];
    }),
  );
}

function combine(
  left: Tally,
  right: Tally,
  join: (a: MeasureSums, b: MeasureSums) => MeasureSums,
): Record<string, MeasureSums> {
  return Object.fromEntries(
    Object.entries(left.measures).map(([id, sums]) => {
      const other = right.measures[id];
      if (!other) throw new TallyMismatchError(`Some pieces hold the measure ${id} and some do not.`);
      return [id, join(sums, other)];
    }),
  );
}
