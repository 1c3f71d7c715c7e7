/** A suite: what is measured of every checkpoint on a board. Immutable once published; its version is in its name. */
import type { Corpus, Objective } from "../corpus/corpus.ts";
import type { LanguageDefinition } from "../languages/definition.ts";
import type { Task } from "./task.ts";

export interface Vocabulary {
  /** Token ids are below this. */
  readonly size: number;
  /** Fills batches of sentences of different lengths, where a model needs that. */
  readonly pad: number;
  /** Hides a token from masked models; null for causal suites. */
  readonly mask: number | null;
}

export interface SuiteDefinition {
  /** Name and version, such as `pcfg-mini@1`. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly objective: Objective;
  readonly vocabulary: Vocabulary;
  /** Where the language is known exactly, so is the least possible loss. */
  readonly language: LanguageDefinition | null;
  /** Ids of measures. */
  readonly measures: readonly string[];
  /** Directions each example draws. */
  readonly directions: number;
  readonly seed: number;
  /** Features of every layer are projected to this many dimensions before a probe sees them. */
  readonly probeDimensions: number;
}

export interface Suite {
  readonly definition: SuiteDefinition;
  readonly corpus: Corpus;
  readonly tasks: readonly Task[];
}
