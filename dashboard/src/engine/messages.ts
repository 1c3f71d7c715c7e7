/** What the page and the worker that evaluates say to each other. */
import type { Objective } from "../../../shared/corpus/corpus.ts";
import type { Card } from "../../../shared/evaluate/card.ts";
import type { ProgressState } from "../../../shared/evaluate/progress-plan.ts";
import type { Result } from "../../../shared/evaluate/result-schema.ts";
import type { Agreement } from "./agreement.ts";
import type { BrowserDevice } from "./engine.ts";

/** What the model is measured on: a suite of the board as text, or a corpus of the visitor's own. */
export type Material =
  | { readonly kind: "suite"; readonly id: string; readonly sha256: string; readonly text: string }
  | {
      readonly kind: "corpus";
      readonly file: File;
      readonly objective: Objective;
      /** Ids. */
      readonly measures: readonly string[];
      readonly directions: number;
      readonly seed: number;
    };

export interface Job {
  readonly model: File;
  readonly card: Card | null;
  readonly material: Material;
  readonly device: BrowserDevice;
  readonly threads: number;
  /** Pairs of example and direction in a pass, at most. */
  readonly batch: number;
  /** Whether traces are split by tensor. */
  readonly perLayer: boolean;
}

/** What is thrown does not survive the way from thread to thread; this does. */
export interface Failure {
  readonly message: string;
  /** Whether Plateau itself says so, in words for people. */
  readonly told: boolean;
}

export type FromWorker =
  | { readonly kind: "progress"; readonly state: ProgressState }
  /** What WebGPU gives is not what the processor gives: nothing was evaluated. */
  | { readonly kind: "refused"; readonly agreement: Agreement }
  | { readonly kind: "result"; readonly result: Result; readonly agreement: Agreement | null }
  | { readonly kind: "failure"; readonly failure: Failure };

export function failureOf(error: unknown, told: boolean): Failure {
  return { message: error instanceof Error ? error.message : String(error), told };
}
