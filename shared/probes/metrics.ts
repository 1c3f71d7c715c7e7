/** Accuracy and macro-averaged F1 of predicted classes, with errors over the test examples. */
import { populationError } from "../evaluate/estimate.ts";
import { ProbeDataError } from "./logistic-input.ts";
import { drawIndices, DrawPurpose } from "./fit-probe-draws.ts";

export interface Score {
  readonly value: number;
  /** Over test examples as a sample of their population. */
  readonly standardError: number;
}

/** 1 for each example whose class was predicted, else 0. */
export function correctness(predicted: ArrayLike<number>, labels: ArrayLike<number>): number[] {
  if (predicted.length !== labels.length || labels.length === 0) {
    throw new ProbeDataError(
      `There are ${predicted.length} predictions for ${labels.length} test examples; give one for each, and at least one.`,
    );
  }
  return Array.from(labels, (label, i) => (label === predicted[i] ? 1 : 0));
}

/**
 * Share k/n of right predictions. Its error is √(p̃ (1 − p̃) / n) with p̃ = (k + 1)/(n + 2) (Laplace), which is the
 * binomial one but for all or none right, where that would be 0.
 */
export function accuracy(correct: readonly number[]): Score {
  const n = correct.length;
  const right = correct.reduce((sum, value) => sum + value, 0);
  const p = (right + 1) / (n + 2);
  return { value: right / n, standardError: Math.sqrt((p * (1 - p)) / n) };
}

/**
 * Mean of first − second over the same test examples, with its paired error: such as the gain over a baseline.
 *
 * @param groups label of each example; examples of a group count as one draw.
 */
export function pairedGain(
  first: readonly number[],
  second: readonly number[],
  groups?: readonly string[],
): { value: number; standardError: number | null } {
  if (first.length !== second.length || first.length === 0) {
    throw new ProbeDataError(
      `${first.length} and ${second.length} test examples cannot be paired; compare results of one task.`,
    );
  }
  const n = first.length;
  const differences = first.map((value, i) => value - second[i]!);
  const value = differences.reduce((sum, difference) => sum + difference, 0) / n;
  const { standardError } = populationError(differences, Array<number>(n).fill(1), value, n, groups);
  return { value, standardError };
}

/**
 * Mean over classes of F1 = 2 TP / (2 TP + FP + FN). Classes that occur neither among the labels nor among the
 * predictions are left out of the mean; one that occurs on one side alone counts 0. This is scikit-learn's
 * `f1_score(average="macro")`.
 */
export function macroF1(predicted: ArrayLike<number>, labels: ArrayLike<number>, classes: number): number {
  const tally = new F1Tally(classes);
  for (let i = 0; i < labels.length; i++) tally.add(predicted[i]!, labels[i]!);
  return tally.macroF1();
}

/** Replicates: the error's own error is 4 %. */
const REPLICATES = 300;

/** The same with its error: standard deviation over bootstrap samples of the test examples. */
export function macroF1Score(
  predicted: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  seed: number,
): Score {
  const value = macroF1(predicted, labels, classes);
  const replicates: number[] = [];
  for (let replicate = 0; replicate < REPLICATES; replicate++) {
    const tally = new F1Tally(classes);
    const key = { seed, purpose: DrawPurpose.testBootstrap, index: replicate };
    for (const i of drawIndices(labels.length, labels.length, key)) tally.add(predicted[i]!, labels[i]!);
    replicates.push(tally.macroF1());
  }
  return { value, standardError: standardDeviation(replicates) };
}

/** With divisor n − 1; 0 for a single value. */
export function standardDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, values.length - 1));
}

class F1Tally {
  private readonly hits: Int32Array;
  /** Labels and predictions of each class: 2 TP + FP + FN. */
  private readonly occurrences: Int32Array;

  constructor(classes: number) {
    this.hits = new Int32Array(classes);
    this.occurrences = new Int32Array(classes);
  }

  add(predicted: number, label: number): void {
    if (predicted === label) this.hits[label]!++;
    this.occurrences[predicted]!++;
    this.occurrences[label]!++;
  }

  macroF1(): number {
    let sum = 0;
    let present = 0;
    this.occurrences.forEach((count, c) => {
      if (count === 0) return;
      present++;
      sum += (2 * this.hits[c]!) / count;
    });
    return sum / present;
  }
}
