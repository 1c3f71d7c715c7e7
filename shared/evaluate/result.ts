/** The result of an evaluation: one object per model, as files, API and tables carry it. */
import type { Participation } from "../perturb/participation.ts";
import { traceName, type Evaluation, type FamilyId } from "./evaluation.ts";
import { estimate, populationError } from "./estimate.ts";
import type { Tally } from "./tally.ts";

export interface MeasureResult {
  readonly value: number;
  readonly standardError: number | null;
  readonly unit: string;
  readonly directionError?: number | null;
  /** Satterthwaite degrees of freedom of `directionError`, for Student's t. */
  readonly directionDegrees?: number;
  readonly roundingError?: number;
  readonly stepBias?: number;
  readonly largestShare?: number;
  readonly directions?: number;
  readonly epsilon?: number;
  readonly perTensor?: readonly TensorResult[];
}

/** A measure that is not defined here, and why. */
export interface UndefinedMeasure {
  readonly value: null;
  readonly reason: string;
}

export interface TensorResult {
  readonly name: string;
  readonly layer: number | null;
  readonly kind: string;
  readonly parameters: number;
  readonly value: number;
  readonly directionError: number | null;
}

export type MeasureResults = Readonly<Record<string, MeasureResult | UndefinedMeasure>>;

/** Measures from the merged tallies of each family (`loss` stands for all that was run without one). */
export function measureResults(
  evaluation: Evaluation,
  tallies: ReadonlyMap<FamilyId, Tally>,
  perTensor?: ReadonlyMap<string, readonly TensorResult[]>,
  only?: FamilyId,
): MeasureResults {
  const { corpus, measures, families } = evaluation;
  const groups = corpus.examples.some(({ group }) => group !== undefined)
    ? corpus.examples.map(({ group }, i) => group ?? `example ${i}`)
    : undefined;
  const results: Record<string, MeasureResult | UndefinedMeasure> = {};
  for (const measure of measures) {
    const { unit, family } = measure;
    if (!family) {
      const tally: Tally = tallies.values().next().value!;
      const labelled = tally.tokens.reduce((sum, m) => sum + m, 0);
      const value = tally.loss.reduce((sum, each) => sum + each, 0) / labelled;
      const { standardError } = populationError(tally.loss, tally.tokens, value, labelled, groups);
      results[measure.id] = { value, standardError, unit };
      continue;
    }
    if (only && family.id !== only) continue;
    const tally = tallies.get(family.id)!;
    const step = families.get(family.id)!.step!;
    const quality = step.quality[traceName(measure)];
    if (quality.reason !== null) {
      results[measure.id] = { value: null, reason: quality.reason };
      continue;
    }
    const found = estimate(tally, tally.measures[measure.id]!, groups);
    const tensors = perTensor?.get(measure.id);
    results[measure.id] = {
      value: found.value,
      standardError: found.standardError,
      directionError: found.directionError,
      directionDegrees: found.directionDegrees,
      roundingError: quality.roundingError,
      stepBias: quality.stepBias,
      largestShare: found.largestShare,
      directions: tally.directions.reduce((most, drawn) => Math.max(most, drawn), 0),
      epsilon: step.epsilon,
      unit,
      ...(tensors && { perTensor: tensors }),
    };
  }
  return results;
}

/** How many scalars moved, and which parameters did not move example by example. */
export function perturbationSummary({ subject, families }: Evaluation): {
  parameters: number;
  perturbedParameters: number;
  unperturbed: { name: string; parameters: number; reason: string }[];
  sharedDirections: { name: string; parameters: number; reason: string }[];
} {
  const participation: readonly Participation[] = families.values().next().value!.passes.participation;
  const list = (mode: Participation["mode"]) =>
    subject.parameters.flatMap(({ name, count, index }) => {
      const state = participation[index]!;
      return state.mode === mode && state.mode !== "example"
        ? [{ name, parameters: count, reason: state.reason }]
        : [];
    });
  const unperturbed = list("none");
  const parameters = subject.parameters.reduce((sum, { count }) => sum + count, 0);
  const still = unperturbed.reduce((sum, each) => sum + each.parameters, 0);
  return {
    parameters,
    perturbedParameters: parameters - still,
    unperturbed,
    sharedDirections: subject.oneByOne ? [] : list("shared"),
  };
}
