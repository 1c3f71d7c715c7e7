/**
 * The fits that make up a probe's result. Each is a piece of work of its own: the same specification on the same data
 * gives the same numbers wherever it runs, and results merge in any order (fit-probe-merge).
 *
 * There are two rounds, because the second needs the penalty that the first chose:
 * `firstFits` → `runFit` each → `laterFits(main result)` → `runFit` each → `mergeFits`.
 */
import type { CodedBlock } from "./online-codelength.ts";

export type FitSpec =
  /** One fit for each penalty, from the strongest; the one with the best validation accuracy is kept. */
  | { readonly kind: "main"; readonly penalties: readonly number[] }
  /** The kept penalty on a bootstrap sample of the training set. */
  | { readonly kind: "resample"; readonly index: number; readonly l2: number }
  /** The kept penalty on a control labelling. */
  | { readonly kind: "control"; readonly index: number; readonly l2: number }
  /** The online code of one permutation of the training set. */
  | { readonly kind: "codelength"; readonly index: number };

export interface Candidate {
  readonly l2: number;
  readonly validationAccuracy: number;
  /** Nats per example. */
  readonly validationLoss: number;
  readonly converged: boolean;
  readonly gradientNorm: number;
  readonly iterations: number;
}

export interface MainResult {
  readonly kind: "main";
  readonly l2: number;
  /** Whether a stronger or weaker penalty than the grid's might have been better; null: neither, or no choice. */
  readonly edge: "strongest" | "weakest" | null;
  readonly candidates: readonly Candidate[];
  readonly converged: boolean;
  /** [test examples]: predicted classes. */
  readonly predicted: readonly number[];
}

export interface ResampleResult {
  readonly kind: "resample";
  readonly index: number;
  readonly accuracy: number;
  readonly macroF1: number;
  readonly converged: boolean;
}

export interface ControlResult {
  readonly kind: "control";
  readonly index: number;
  /** [test examples]: 1 where the control label was predicted, else 0. */
  readonly correct: readonly number[];
  readonly converged: boolean;
}

export interface CodelengthResult {
  readonly kind: "codelength";
  readonly index: number;
  readonly bits: number;
  readonly blocks: readonly CodedBlock[];
  /** [training examples]: thousandths of a bit, rounded. */
  readonly millibits: readonly number[];
  readonly converged: boolean;
}

export type FitResult = MainResult | ResampleResult | ControlResult | CodelengthResult;

/** λ = 1 … 10⁻⁵: from a probe that hardly learns to one that hardly generalises. */
export const PENALTIES = [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5] as const;
/** λ of a fit without a choice, such as those of a layer curve. */
export const QUICK_PENALTY = 1e-3;
/** Permutations of the online code. */
export const PERMUTATIONS = 5;
/** Their spread, the error over training sets, is itself known to about a third. */
export const RESAMPLES = 5;
export const CONTROLS = 2;

/** `full`; `scores`: accuracy and F1, as baselines need; `quick`: the same at one penalty, as layer curves need. */
export type FitExtent = "full" | "scores" | "quick";

export function firstFits(extent: FitExtent): FitSpec[] {
  if (extent === "quick") return [{ kind: "main", penalties: [QUICK_PENALTY] }];
  const main: FitSpec = { kind: "main", penalties: PENALTIES };
  if (extent === "scores") return [main];
  return [main, ...range(PERMUTATIONS).map((index) => ({ kind: "codelength" as const, index }))];
}

/** What a full result needs once its main fit is there. Without types of examples there are no control tasks. */
export function laterFits(
  { l2 }: Pick<MainResult, "l2">,
  { types }: { readonly types?: unknown },
): FitSpec[] {
  return [
    ...range(RESAMPLES).map((index) => ({ kind: "resample" as const, index, l2 })),
    ...range(types ? CONTROLS : 0).map((index) => ({ kind: "control" as const, index, l2 })),
  ];
}

/** A name for a fit among those of one probe: `main`, `resample-3`. */
export function fitId(fit: FitSpec | FitResult): string {
  return fit.kind === "main" ? "main" : `${fit.kind}-${fit.index}`;
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
