/** From the results of fits to what is reported of a probe. */
import { selectivity, type Selectivity } from "./control-task.ts";
import { fitId, type FitResult, type MainResult } from "./fit-probe-spec.ts";
import { ProbeDataError } from "./logistic-input.ts";
import { accuracy, correctness, macroF1Score, standardDeviation, type Score } from "./metrics.ts";

export interface ProbeScore extends Score {
  /**
   * Over training sets of this size as samples of their population: the standard deviation over bootstrap samples.
   * Apart from `standardError`, whose test examples are the same for all; null without such samples.
   */
  readonly trainingError: number | null;
}

export interface Codelength {
  /** Bits for the labels of all training examples; mean over permutations. */
  readonly value: number;
  /** Over training examples as a sample of their population. */
  readonly standardError: number;
  /** From the choice of permutations: standard deviation over them / √permutations; null for one. */
  readonly permutationError: number | null;
  /** n log₂ C / codelength: 1 where the features tell nothing about the labels. */
  readonly compression: Score;
}

export interface ProbeResult {
  readonly accuracy: ProbeScore;
  readonly macroF1: ProbeScore;
  /** Null where no online code was asked for. */
  readonly codelength: Codelength | null;
  /** Null where there is no control task. */
  readonly selectivity: Selectivity | null;
  /** The penalty λ, and where in its grid it lies. */
  readonly l2: number;
  readonly edge: MainResult["edge"];
  readonly candidates: MainResult["candidates"];
  /** Fits that reached no minimum; none is as it should be. */
  readonly unconverged: readonly string[];
  /** [test examples]: 1 where right, else 0; what paired comparisons need. */
  readonly correct: readonly number[];
}

export interface MergeContext {
  readonly classes: number;
  readonly trainingExamples: number;
  readonly testLabels: readonly number[];
  readonly types?: { readonly train: readonly string[]; readonly test: readonly string[] };
  readonly seed: number;
}

/**
 * The order of `results` does not matter, bit for bit, and a result that is there twice counts once.
 *
 * @throws ProbeDataError without a main result.
 */
export function mergeFits(results: readonly FitResult[], context: MergeContext): ProbeResult {
  const byId = new Map(results.map((result) => [fitId(result), result]));
  const ordered = [...byId.keys()].sort().map((id) => byId.get(id)!);
  const ofKind = <K extends FitResult["kind"]>(kind: K) =>
    ordered.filter((result): result is Extract<FitResult, { kind: K }> => result.kind === kind);
  const [main] = ofKind("main");
  if (!main) throw new ProbeDataError("The main fit is missing among the results to merge; run it first.");

  const { testLabels, classes, seed, types } = context;
  const correct = correctness(main.predicted, testLabels);
  const resamples = ofKind("resample");
  const controls = ofKind("control").map((control) => control.correct);
  const spread = (values: number[]) => (values.length < 2 ? null : standardDeviation(values));
  return {
    accuracy: { ...accuracy(correct), trainingError: spread(resamples.map((each) => each.accuracy)) },
    macroF1: {
      ...macroF1Score(main.predicted, testLabels, classes, seed),
      trainingError: spread(resamples.map((each) => each.macroF1)),
    },
    codelength: codelength(ofKind("codelength"), context),
    selectivity: types && controls.length > 0 ? selectivity(correct, controls, types) : null,
    l2: main.l2,
    edge: main.edge,
    candidates: main.candidates,
    unconverged: ordered.filter(({ converged }) => !converged).map(fitId),
    correct,
  };
}

function codelength(
  codes: readonly { readonly bits: number; readonly millibits: readonly number[] }[],
  { classes, trainingExamples: n }: MergeContext,
): Codelength | null {
  if (codes.length === 0) return null;
  const value = codes.reduce((sum, { bits }) => sum + bits, 0) / codes.length;
  // Averaged over permutations first: where an example stood in one is no property of the population.
  const perExample = Array.from(
    { length: n },
    (_, i) => codes.reduce((sum, { millibits }) => sum + millibits[i]!, 0) / codes.length / 1000,
  );
  const standardError = standardDeviation(perExample) * Math.sqrt(n);
  const compression = (n * Math.log2(classes)) / value;
  return {
    value,
    standardError,
    permutationError:
      codes.length < 2 ? null : standardDeviation(codes.map(({ bits }) => bits)) / Math.sqrt(codes.length),
    compression: { value: compression, standardError: (compression * standardError) / value },
  };
}
