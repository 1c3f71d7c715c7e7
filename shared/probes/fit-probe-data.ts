/** Features and labels of a task, checked and brought to the form that fits take: once for all fits of a layer. */
import type { Runtime } from "../runtime.ts";
import { toPrincipalAxes } from "./logistic-axes.ts";
import { checkClassCount, checkLabels, ProbeDataError, type Matrix } from "./logistic-input.ts";
import { standardise } from "./standardise.ts";

export interface Labelled {
  readonly features: Matrix;
  /** [rows]: indices into the task's classes. */
  readonly labels: readonly number[];
}

export interface ProbeInput {
  /** How errors call the features, as in "layer 2 in task parent". */
  readonly name: string;
  readonly classes: readonly string[];
  readonly train: Labelled;
  readonly validation: Labelled;
  readonly test: Labelled;
  /** The type of each example, for control tasks (see control-task); absent: no selectivity. */
  readonly types?: { readonly train: readonly string[]; readonly test: readonly string[] };
}

export interface ProbeData extends ProbeInput {
  /** [columns]: mean squares of the training features on their principal axes. */
  readonly power: Float64Array;
  /** Features left out because they are constant over the training examples. */
  readonly dropped: number;
}

/**
 * Standardises by the training examples and turns to their principal axes.
 *
 * @throws ProbeDataError for features that are not finite or all constant; labels out of range; fewer classes than two;
 * an empty split; a class with fewer than two training examples.
 */
export async function prepareProbe(runtime: Runtime, input: ProbeInput): Promise<ProbeData> {
  const { name, classes, train, validation, test, types } = input;
  checkClassCount(classes.length);
  for (const [split, { features, labels }] of Object.entries({ train, validation, test })) {
    if (features.rows === 0) {
      throw new ProbeDataError(`The ${split} split of ${name} has no examples; give at least one.`);
    }
    checkLabels(labels, classes.length, features.rows);
  }
  if (types && (types.train.length !== train.labels.length || types.test.length !== test.labels.length)) {
    throw new ProbeDataError(`The types of ${name} are not as many as its examples; give one for each.`);
  }
  checkTrainingClasses(name, classes, train.labels);
  const {
    train: x,
    others,
    dropped,
  } = standardise(name, train.features, [validation.features, test.features]);
  const rotated = await toPrincipalAxes(runtime, x, others);
  return {
    ...input,
    train: { ...train, features: rotated.train },
    validation: { ...validation, features: rotated.others[0]! },
    test: { ...test, features: rotated.others[1]! },
    power: rotated.power,
    dropped,
  };
}

/** With one example of a class, or none, its accuracy is luck, and resamples of the training set lose it. */
function checkTrainingClasses(name: string, classes: readonly string[], labels: readonly number[]): void {
  const counts = new Array<number>(classes.length).fill(0);
  for (const label of labels) counts[label]!++;
  const rare = counts.findIndex((count) => count < 2);
  if (rare < 0) return;
  throw new ProbeDataError(
    `Class ${JSON.stringify(classes[rare])} has ${counts[rare] === 0 ? "no training example" : "one training example"} ` +
      `at ${name}; give at least two, or leave the class out of the task.`,
  );
}
