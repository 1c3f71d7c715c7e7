/**
 * The pieces of a suite's downstream tasks: features of a range of sentences, fits of a task, scores of a range of
 * items. Each gives the same wherever and whenever it runs; plan-pieces.ts says which there are, piece-runner.ts runs
 * them, merge-pieces.ts puts together what they gave.
 */
import type { ProbeResult } from "./fit-probe-merge.ts";
import type { FitExtent, FitResult, FitSpec } from "./fit-probe-spec.ts";
import type { ItemScore } from "./multiple-choice.ts";
import type { PairScore } from "./minimal-pairs.ts";
import type { Range } from "./ranges.ts";
import type { Refused } from "./refusal.ts";

/** Whose features: the checkpoint's, or those of its architecture with random weights, of which only the last layer counts. */
export type FeatureSource = "model" | "random";

/** Leaves the features of a range of a pool's sentences in the store. */
export interface ExtractPiece extends Range {
  readonly kind: "extract";
  readonly source: FeatureSource;
  /** Place among the suite's pools. */
  readonly pool: number;
}

/** What a probe sees. `size`: sentences of an extracted range, by which they are found in the store. */
export type ProbeFeatures =
  /** `state`: place among the embeddings and layers; `layer`: the layer's number, null for the embeddings. */
  | { readonly source: "model"; readonly state: number; readonly layer: number | null; readonly size: number }
  | { readonly source: "random"; readonly size: number }
  /** The words at their positions, without any model. */
  | { readonly source: "one-hot" };

export interface FitPart {
  readonly features: ProbeFeatures;
  /** `full` of the last layer, `scores` of a baseline, `quick` of the layer curve. */
  readonly extent: FitExtent;
  /** Some of the fits of that extent; null: all of them, put together at once. */
  readonly fits: readonly FitSpec[] | null;
}

export interface FitPiece {
  readonly kind: "fit";
  /** Place among the suite's tasks. */
  readonly task: number;
  readonly parts: readonly FitPart[];
}

/** Scores a range of minimal pairs or multiple-choice items. */
export interface ComparePiece extends Range {
  readonly kind: "compare";
  readonly task: number;
}

export type TaskPiece = ExtractPiece | FitPiece | ComparePiece;

export interface ExtractResult {
  /** By place of the task: why its sentences in this range have no features. */
  readonly refusals: ReadonlyMap<number, string>;
}

/** What a part of a fit piece gave. */
export type PartResult = { readonly probe: ProbeResult } | { readonly fits: readonly FitResult[] } | Refused;

export interface FitPieceResult {
  readonly parts: readonly PartResult[];
}

export type CompareResult =
  { readonly pairs: readonly PairScore[] } | { readonly items: readonly ItemScore[] } | Refused;

/** Results by the ids of pieces. */
export interface PieceResults {
  readonly extracted: ReadonlyMap<string, ExtractResult>;
  readonly fitted: ReadonlyMap<string, FitPieceResult>;
  readonly compared: ReadonlyMap<string, CompareResult>;
}
