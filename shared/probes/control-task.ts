/**
 * Control tasks (Hewitt & Liang, "Designing and Interpreting Probes with Control Tasks", EMNLP 2019): labels that
 * depend on the type of an example alone, drawn at random once per type. A probe can only memorise them. Selectivity is
 * the accuracy at the task minus the accuracy at its control, same features, same penalty.
 *
 * Hewitt & Liang label words, whose types are the vocabulary. What the type of a sentence is belongs to the task: the
 * words that its label hinges on, such as its first word, or the words of a labelled span. Types must recur between
 * training and test, or the control cannot be learnt and selectivity says nothing: `seenTypes` tells.
 */
import { drawForText, DrawPurpose } from "./fit-probe-draws.ts";
import { pairedGain } from "./metrics.ts";
import { ProbeDataError } from "./logistic-input.ts";

export interface ControlOptions {
  /** Labels of the task's training examples: control labels are drawn from their distribution. */
  readonly labels: ArrayLike<number>;
  /** A whole number below 2⁵³. */
  readonly seed: number;
  /** Which of several independent labellings. */
  readonly index: number;
}

/** A label for each example, the same for examples of one type whatever split they are in. */
export function controlLabels(types: readonly string[], { labels, seed, index }: ControlOptions): number[] {
  if (labels.length === 0)
    throw new ProbeDataError("There are no training labels to draw control labels from.");
  const key = { seed, purpose: DrawPurpose.controlLabel, index };
  const byType = new Map<string, number>();
  for (const type of new Set(types)) byType.set(type, labels[drawForText(type, labels.length, key)]!);
  return types.map((type) => byType.get(type)!);
}

export interface Selectivity {
  /** Accuracy minus control accuracy. */
  readonly value: number;
  /** Over test examples, clustered by type: examples of one type share their control label. Null for one type. */
  readonly standardError: number | null;
  readonly controlAccuracy: number;
  /** Share of test examples whose type occurs in training. */
  readonly seenTypes: number;
}

/**
 * @param correct 1 or 0 for each test example of the task.
 * @param controls the same for each control labelling.
 */
export function selectivity(
  correct: readonly number[],
  controls: readonly (readonly number[])[],
  types: { readonly train: readonly string[]; readonly test: readonly string[] },
): Selectivity {
  if (controls.length === 0) throw new ProbeDataError("Selectivity needs at least one control labelling.");
  const control = correct.map((_, i) => controls.reduce((sum, each) => sum + each[i]!, 0) / controls.length);
  const seen = new Set(types.train);
  return {
    ...pairedGain(correct, control, types.test),
    controlAccuracy: control.reduce((sum, share) => sum + share, 0) / control.length,
    seenTypes: types.test.filter((type) => seen.has(type)).length / types.test.length,
  };
}
