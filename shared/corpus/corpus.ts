/** Token examples with labels: the data on which the loss is taken. */

export type Objective = "mlm" | "clm";

/** The label that is ignored, by Hugging Face's convention. */
export const IGNORED = -100;

export interface Example {
  readonly inputIds: readonly number[];
  /** Aligned with `inputIds`; `IGNORED` where nothing is predicted. A clm label is predicted one position earlier. */
  readonly labels: readonly number[];
  /** 1 for tokens, 0 for padding; absent where all are tokens. */
  readonly attentionMask?: readonly number[];
  readonly tokenTypeIds?: readonly number[];
  /** Examples of one group (a document) are not independent: errors are clustered by it. */
  readonly group?: string;
}

export interface Corpus {
  readonly objective: Objective;
  readonly examples: readonly Example[];
  /** The largest token id and label; a model's vocabulary must exceed it. */
  readonly largestId: number;
  readonly labelledTokens: number;
  /**
   * p(token | what the model sees) of every labelled token in order, [vocabulary] each, where the language of the corpus
   * is known exactly.
   */
  readonly conditionals?: readonly Float64Array[];
}

/** A prediction that counts: the position whose logits are read and the token that should come out. */
export interface Target {
  readonly position: number;
  readonly label: number;
}

/** The labelled tokens of an example, in order of position. */
export function targetsOf({ labels }: Example, objective: Objective): Target[] {
  const targets: Target[] = [];
  for (let t = objective === "clm" ? 1 : 0; t < labels.length; t++) {
    const label = labels[t]!;
    if (label !== IGNORED) targets.push({ position: objective === "clm" ? t - 1 : t, label });
  }
  return targets;
}
