/** Downstream tasks of a suite: what is asked of a checkpoint beyond its loss. */

export type Task = ProbeTask | MinimalPairsTask | MultipleChoiceTask;

interface TaskHeader {
  /** Short and unique within the suite; the key in results. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
}

/** Which of a layer's token features a probe sees. */
export type Pooling =
  /** All positions side by side, zeros where a sentence is shorter (Liu et al. 2023). */
  | { readonly kind: "concatenated" }
  /** Mean over the positions of the sentence. */
  | { readonly kind: "mean" }
  /** One position, counted from the start. */
  | { readonly kind: "position"; readonly position: number };

export interface ProbeExample {
  readonly inputIds: readonly number[];
  /** Index into the task's classes. */
  readonly label: number;
}

/** A classifier on frozen features: one label a sentence. No test sentence occurs in training or validation. */
export interface ProbeTask extends TaskHeader {
  readonly kind: "probe";
  readonly pooling: Pooling;
  readonly classes: readonly string[];
  /**
   * Positions whose tokens make the type of a sentence: sentences alike in them share their label of the control task
   * (Hewitt & Liang 2019). Few enough that types recur in the test set.
   */
  readonly controlPositions: readonly number[];
  readonly train: readonly ProbeExample[];
  /** Chooses the strength of the L2 penalty. */
  readonly validation: readonly ProbeExample[];
  readonly test: readonly ProbeExample[];
}

/**
 * Two sentences of which the language prefers the first: scored by pseudo-log-likelihood of masked models (Salazar et
 * al. 2020), log-likelihood of causal ones (Warstadt et al. 2020).
 */
export interface MinimalPairsTask extends TaskHeader {
  readonly kind: "minimal-pairs";
  readonly pairs: readonly { readonly good: readonly number[]; readonly bad: readonly number[] }[];
}

/** A beginning and several endings, scored by the mean log-likelihood of the ending's tokens given the beginning. */
export interface MultipleChoiceTask extends TaskHeader {
  readonly kind: "multiple-choice";
  readonly items: readonly {
    readonly prompt: readonly number[];
    readonly choices: readonly (readonly number[])[];
    /** Index into `choices`. */
    readonly answer: number;
  }[];
}
