/** A probe task's sentences as what fits take: features by split, labels, and the types of control tasks. */
import type { ProbeExample, ProbeTask } from "../suites/task.ts";
import type { ProbeInput } from "./fit-probe-data.ts";
import type { MergeContext } from "./fit-probe-merge.ts";
import type { Matrix } from "./logistic-input.ts";
import { oneHotFeatures } from "./one-hot.ts";

/** @param values [all sentences, dimensions], the splits one after another. */
export function featureInput(
  task: ProbeTask,
  name: string,
  values: Float32Array,
  dimensions: number,
): ProbeInput {
  let first = 0;
  const matrices = splitsOf(task).map(({ length: rows }): Matrix => {
    const data = values.subarray(first * dimensions, (first += rows) * dimensions);
    return { rows, columns: dimensions, data };
  });
  return inputOf(task, name, matrices);
}

/** @throws ProbeDataError where words tell nothing, or are too many. */
export function oneHotInput(task: ProbeTask, vocabulary: number): ProbeInput {
  const sets = splitsOf(task).map((examples) => examples.map(({ inputIds }) => inputIds));
  const positions = sets.flat().reduce((most, { length }) => Math.max(most, length), 0);
  return inputOf(task, "one-hot words", oneHotFeatures(sets, { positions, vocabulary }).matrices);
}

/** What putting a probe's fits together needs of its task. */
export function mergeContext(task: ProbeTask, seed: number, control: boolean): MergeContext {
  return {
    classes: task.classes.length,
    trainingExamples: task.train.length,
    testLabels: task.test.map(({ label }) => label),
    ...(control && { types: typesOf(task) }),
    seed,
  };
}

function inputOf(task: ProbeTask, name: string, matrices: readonly Matrix[]): ProbeInput {
  const labelled = (examples: readonly ProbeExample[], split: number) => ({
    features: matrices[split]!,
    labels: examples.map(({ label }) => label),
  });
  return {
    name: `${name} of ${task.id}`,
    classes: task.classes,
    train: labelled(task.train, 0),
    validation: labelled(task.validation, 1),
    test: labelled(task.test, 2),
    types: typesOf(task),
  };
}

function typesOf({ train, test, controlPositions }: ProbeTask) {
  const typeOf = ({ inputIds }: ProbeExample) =>
    controlPositions.map((position) => inputIds[position] ?? "").join(" ");
  return { train: train.map(typeOf), test: test.map(typeOf) };
}

const splitsOf = ({ train, validation, test }: ProbeTask) => [train, validation, test] as const;
