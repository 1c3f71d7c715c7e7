/** The result of an evaluation: one object per model, as files, API and tables carry it. */
import type { Participation } from "../perturb/participation.ts";
import type { StepChoice } from "../perturb/step-size.ts";
import type { Evaluation, FamilyId } from "./evaluation.ts";
import { estimate, populationError } from "./estimate.ts";
import { exactOf } from "./exact-sums.ts";
import { traceName } from "./family-setup.ts";
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
  /** 0 where the value is exact. */
  readonly directionError: number | null;
  /** Whether the value is known without directions. */
  readonly exact?: true;
}

export type MeasureResults = Readonly<Record<string, MeasureResult | UndefinedMeasure>>;

const EXACT = { roundingError: 0, stepBias: 0, reason: null };

/** What measures rest on beside tallies: an evaluation, or as much of one as was kept. */
export interface Measured extends Pick<Evaluation, "corpus" | "measures"> {
  readonly families: ReadonlyMap<FamilyId, { readonly step: StepChoice | null }>;
}

/** Measures from the merged tallies of each family (`loss` stands for all that was run without one). */
export function measureResults(
  { corpus, measures, families }: Measured,
  tallies: ReadonlyMap<FamilyId, Tally>,
  perTensor?: ReadonlyMap<string, readonly TensorResult[]>,
  only?: FamilyId,
): MeasureResults {
  const groups = corpus.examples.some(({ group }) => group !== undefined)
    ? corpus.examples.map(({ group }, i) => group ?? `example ${i}`)
    : undefined;
  const results: Record<string, MeasureResult | UndefinedMeasure> = {};
  for (const measure of measures) {
    const { unit, family } = measure;
    if (!family) {
      const tally: Tally = tallies.values().next().value!;
      const perExample = measure.forward === "excess" ? tally.excess : tally.loss;
      if (!perExample) {
        const reason =
          "the language of the corpus is not known exactly, so neither is its least possible loss";
        results[measure.id] = { value: null, reason };
        continue;
      }
      const labelled = tally.tokens.reduce((sum, m) => sum + m, 0);
      const value = perExample.reduce((sum, each) => sum + each, 0) / labelled;
      const { standardError } = populationError(perExample, tally.tokens, value, labelled, groups);
      results[measure.id] = { value, standardError, unit };
      continue;
    }
    if (only && family.id !== only) continue;
    const tally = tallies.get(family.id)!;
    const step = families.get(family.id)!.step;
    // Without a step nothing moved, so there is neither rounding nor truncation of differences.
    const quality = step?.quality[traceName(measure)] ?? EXACT;
    if (quality.reason !== null) {
      results[measure.id] = { value: null, reason: quality.reason };
      continue;
    }
    const found = estimate(tally, tally.measures[measure.id]!, {
      groups,
      exact: exactOf(tally, measure)?.sum,
    });
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
      ...(step && { epsilon: step.epsilon }),
      unit,
      ...(tensors && { perTensor: tensors }),
    };
  }
  return results;
}

/** How many scalars the traces cover, and which parameters did not move example by example. */
export interface PerturbationSummary {
  readonly parameters: number;
  /** Scalars moved along directions. */
  readonly perturbedParameters: number;
  /** Scalars whose part of every trace is exact, so that no direction moves them. */
  readonly exactParameters: number;
  readonly unperturbed: readonly PartOfModel[];
  readonly sharedDirections: readonly PartOfModel[];
}

interface PartOfModel {
  readonly name: string;
  readonly parameters: number;
  readonly reason: string;
}

export function perturbationSummary({ subject, families }: Evaluation): PerturbationSummary {
  const participation: readonly Participation[] = families.values().next().value!.passes.participation;
  const count = (modes: readonly Participation["mode"][]) =>
    subject.parameters.reduce(
      (sum, each) => sum + (modes.includes(participation[each.index]!.mode) ? each.count : 0),
      0,
    );
  const list = (mode: Participation["mode"]) =>
    subject.parameters.flatMap(({ name, count: scalars, index }) => {
      const state = participation[index]!;
      return state.mode === mode && "reason" in state
        ? [{ name, parameters: scalars, reason: state.reason }]
        : [];
    });
  return {
    parameters: count(["example", "shared", "exact", "none"]),
    perturbedParameters: count(["example", "shared"]),
    exactParameters: count(["exact"]),
    unperturbed: list("none"),
    sharedDirections: subject.oneByOne ? [] : list("shared"),
  };
}
