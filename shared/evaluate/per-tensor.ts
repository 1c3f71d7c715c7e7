/**
 * Splits the traces of a family by tensor.
 *
 * A direction that moves everything cannot be attributed, so these passes move one tensor at a time (a stratum). The
 * budget is spread over strata by Neyman allocation; small strata visit a systematic sample of the examples. Values are
 * then reconciled with the trace from full directions, so that the parts add up to the whole.
 */
import { targetsOf } from "../corpus/corpus.ts";
import type { Measure } from "../measures/index.ts";
import type { Parameter } from "../onnx/parameters.ts";
import type { Pair } from "../perturb/sign-feeds.ts";
import type { Evaluation, FamilyId } from "./evaluation.ts";
import type { PairOutcome } from "./run-pairs.ts";

/** What a stratum's visits give. */
export interface Visited {
  readonly parameter: Parameter;
  readonly value: number;
  /** Direction noise, for this very corpus. */
  readonly variance: number;
  /** Indices of the examples visited. */
  readonly examples: readonly number[];
  /** Labelled tokens of those examples. */
  readonly labelledTokens: number;
}

/** Directions of stratified passes are counted from here, so that they are not those of full passes. */
const FIRST_DIRECTION = 1 << 20;
const PILOT_DIRECTION = 1 << 21;
/** Directions that a visited example draws at least: one alone would not tell its own noise. */
const LEAST_DIRECTIONS = 2;
/** Units that a stratum visits at least. */
const LEAST_UNITS = 16;
/** Units × directions of the pilot that finds the strata's variances. */
const PILOT_UNITS = 16;
/** The part of the budget that goes to all strata alike: the pilot's variances are rough, and a share of zero is final. */
const EVEN_PART = 0.25;

/** One stratum's share of the budget. */
interface Visit {
  readonly parameter: Parameter;
  /** Indices of the units visited. */
  readonly units: readonly number[];
  readonly directions: number;
}

/** By measure id, the strata of a family's measures: the parameters that move. `pairs` is the budget of (example, direction) pairs. */
export async function stratify(
  evaluation: Evaluation,
  family: FamilyId,
  losses: readonly number[],
  pairs: number,
): Promise<Map<string, Visited[]>> {
  const { subject, families } = evaluation;
  const { passes } = families.get(family)!;
  const measures = evaluation.measures.filter((measure) => measure.family?.id === family);
  const parameters = subject.parameters.filter(({ index }) =>
    ["example", "shared"].includes(passes.participation[index]!.mode),
  );
  const units = evaluation.units(family);

  const look = parameters.map((parameter) => ({
    parameter,
    units: spread(units.length, PILOT_UNITS, 0),
    directions: 2,
  }));
  const first = await visit(evaluation, family, measures, units, losses, look, PILOT_DIRECTION);
  const weights = parameters.map((_, s) =>
    measures.reduce((sum, { id }) => {
      const strata = first.get(id)!;
      const total = strata.reduce((all, { value }) => all + Math.abs(value), 0);
      return sum + (total > 0 ? Math.sqrt(strata[s]!.variance) / total : 0);
    }, 0),
  );
  const allWeights = weights.reduce((sum, weight) => sum + weight, 0) || 1;
  const perUnit = evaluation.corpus.examples.length / units.length;
  const visits = parameters.map((parameter, s): Visit => {
    const fraction = EVEN_PART / parameters.length + ((1 - EVEN_PART) * weights[s]!) / allWeights;
    const share = (pairs / perUnit) * fraction;
    if (share >= 1.5 * units.length) {
      return {
        parameter,
        units: spread(units.length, units.length, 0),
        directions: Math.round(share / units.length),
      };
    }
    const count = Math.max(LEAST_UNITS, Math.round(share / LEAST_DIRECTIONS));
    return { parameter, units: spread(units.length, count, s), directions: LEAST_DIRECTIONS };
  });
  return visit(evaluation, family, measures, units, losses, visits, FIRST_DIRECTION);
}

/** At most `count` of `total` indices, evenly apart, starting where `offset` says. */
function spread(total: number, count: number, offset: number): number[] {
  const size = Math.min(total, count);
  const start = size < total ? (offset * 7919) % Math.floor(total / size) : 0;
  return Array.from({ length: size }, (_, i) => Math.floor((i * total) / size) + start);
}

async function visit(
  evaluation: Evaluation,
  family: FamilyId,
  measures: readonly Measure[],
  units: readonly (readonly number[])[],
  losses: readonly number[],
  visits: readonly Visit[],
  firstDirection: number,
): Promise<Map<string, Visited[]>> {
  const pairs: Pair[] = [];
  for (const { parameter, units: visited, directions } of visits) {
    for (const unit of visited) {
      for (let k = 0; k < directions; k++) {
        for (const example of units[unit]!) {
          pairs.push({
            example,
            direction: firstDirection + k,
            only: parameter.index,
            block: units[unit]![0]!,
          });
        }
      }
    }
  }
  const outcomes = await evaluation.outcomes(family, pairs);
  const epsilon = evaluation.families.get(family)!.step!.epsilon;
  const { corpus } = evaluation;
  const tokens = units.map((examples) =>
    examples.reduce((sum, i) => sum + targetsOf(corpus.examples[i]!, corpus.objective).length, 0),
  );
  const result = new Map<string, Visited[]>();
  for (const measure of measures) {
    let position = 0;
    const strata = visits.map(({ parameter, units: visited, directions }) => {
      const values = visited.map((unit) =>
        Array.from({ length: directions }, () =>
          units[unit]!.reduce((sum) => sum + estimateOf(measure, outcomes[position++]!, losses, epsilon), 0),
        ),
      );
      const labelled = visited.map((unit) => tokens[unit]!);
      const examples = visited.flatMap((unit) => units[unit]!);
      return {
        parameter,
        ...ratio(values, labelled, units.length),
        examples,
        labelledTokens: labelled.reduce((sum, m) => sum + m, 0),
      };
    });
    result.set(measure.id, strata);
  }
  return result;
}

function estimateOf(
  measure: Measure,
  { pair, loss: [plus, minus], first, squaredDifference }: PairOutcome,
  losses: readonly number[],
  epsilon: number,
): number {
  const base = losses[pair.example]!;
  return measure.estimate({ base, plus: plus!, minus: minus!, first, squaredDifference }, epsilon);
}

/**
 * Σ_u h̄_u / Σ_u m_u over the units visited, and its variance: direction noise for the visited fraction f of units,
 * the ratio estimator's variance (which holds direction noise) for the rest.
 */
function ratio(
  values: readonly (readonly number[])[],
  tokens: readonly number[],
  population: number,
): { value: number; variance: number } {
  const labelled = tokens.reduce((sum, m) => sum + m, 0);
  const means = values.map((list) => list.reduce((sum, value) => sum + value, 0) / list.length);
  const value = means.reduce((sum, mean) => sum + mean, 0) / labelled;
  let noise = 0;
  let residual = 0;
  values.forEach((list, u) => {
    const spreadOf = list.reduce((sum, each) => sum + (each - means[u]!) ** 2, 0) / (list.length - 1);
    noise += spreadOf / list.length;
    residual += (means[u]! - value * tokens[u]!) ** 2;
  });
  const n = values.length;
  const fraction = n / population;
  const between = n > 1 ? (n / (n - 1)) * residual : 0;
  return { value, variance: (fraction * noise + (1 - fraction) * between) / labelled ** 2 };
}
