/** Words that need one: in a sentence where they are met, and once more on the about page. */

export interface Term {
  readonly label: string;
  /** What it is, in a sentence or two, for people who know what a loss is. */
  readonly text: string;
}

const terms = {
  "standard-error": {
    label: "standard error",
    text: "How far the value would move with other examples from the same source. It holds the noise of the directions too, so the two are never added.",
  },
  "direction-error": {
    label: "direction error",
    text: "How far the value would move with other random directions on these very examples. It falls with more directions, the standard error only with more examples.",
  },
  rounding: {
    label: "rounding",
    text: "What finite precision leaves in the value: the step is the smallest one for which this stays far below the trace.",
  },
  "step-bias": {
    label: "step bias",
    text: "What a finite step bends the value by, as seen by doubling the step. It is estimated, not subtracted.",
  },
  "largest-share": {
    label: "largest share",
    text: "How much of the trace one single example holds. Above half a per cent the standard error may be too small, and a larger corpus helps.",
  },
  directions: {
    label: "directions",
    text: "How many random directions in weight space every example draws for itself.",
  },
  step: {
    label: "ε",
    text: "How far weights move along a direction: a power of two that a pilot chooses once per evaluation and the receipt keeps.",
  },
  perturbed: {
    label: "moved",
    text: "Parameters that every example moves along random directions of its own.",
  },
  exact: {
    label: "exact",
    text: "Parameters of the output head whose part of every trace is known without moving them.",
  },
  "shared-directions": {
    label: "moved as a whole",
    text: "Parameters that only move together for a block of examples: correct, but with larger direction errors.",
  },
  unperturbed: {
    label: "left out",
    text: "Parameters that were not moved, so that the traces say nothing about them.",
  },
  tier: {
    label: "tier",
    text: "1 is the best checkpoint of the board and all that cannot be told from it on common examples; then the best of the rest, and so on. Ranks within a tier would be noise.",
  },
  "per-layer": {
    label: "by layer",
    text: "The trace split by tensor: each one is moved alone for a part of the examples, and the parts are made to add up to the whole.",
  },
  chance: {
    label: "chance",
    text: "Accuracy of always giving the most frequent answer, or of guessing.",
  },
  "gain-words": {
    label: "over one-hot words",
    text: "Accuracy beyond that of the same probe on the bare words at their positions: small models' features are nearly that.",
  },
  "gain-random": {
    label: "over random weights",
    text: "Accuracy beyond that of the same probe on the same architecture with random weights: what training has added.",
  },
  "training-error": {
    label: "error over training sets",
    text: "How far the accuracy would move had the probe been fitted on other training sentences.",
  },
  "macro-f1": {
    label: "macro-F1",
    text: "The mean over classes of the harmonic mean of precision and recall: rare classes count as much as frequent ones.",
  },
  compression: {
    label: "compression",
    text: "How many times fewer bits the training labels take when they are coded online with the features than without (Voita and Titov 2020).",
  },
  selectivity: {
    label: "selectivity",
    text: "Accuracy beyond that on a control task of random labels for word types: whether the probe reads the features or learns by heart (Hewitt and Liang 2019).",
  },
  receipt: {
    label: "receipt",
    text: "All that a replay needs: hashes of model and suite, seed, steps, versions, and what the checks of the rewritten model came to.",
  },
  matched: {
    label: "equal loss",
    text: "Two checkpoints have equal loss where their difference and its error together fit within 0.01 nats.",
  },
  paired: {
    label: "paired",
    text: "Both are measured on the same examples, so that what is hard for both cancels in the difference.",
  },
  holm: {
    label: "adjusted p-value",
    text: "How likely a difference as large would be if there were none, after Holm's adjustment for all comparisons shown here.",
  },
} as const satisfies Readonly<Record<string, Term>>;

export type TermId = keyof typeof terms;
export const TERMS: Readonly<Record<TermId, Term>> = terms;
