/** A suite for the toy models: a corpus of random tokens and tasks of every kind, one of which cannot be asked. */
import type { Objective } from "../../shared/corpus/corpus.ts";
import type { Suite } from "../../shared/suites/suite.ts";
import type { MinimalPairsTask, MultipleChoiceTask, ProbeTask } from "../../shared/suites/task.ts";
import { randomSource } from "./random.ts";
import { toyCorpus } from "./toy-models.ts";

const VOCABULARY = 11;
const MASK = 10;
/** No sentence has it, so that what stands in its row of a table does not matter. */
export const UNUSED = 9;
const SIZES = [120, 60, 120] as const;

export interface ToySuiteOptions {
  readonly examples: number;
  readonly directions?: number;
  readonly measures?: readonly string[];
}

export function toySuite(objective: Objective, { examples, ...change }: ToySuiteOptions): Suite {
  const corpus = toyCorpus(objective, examples);
  const used = (id: number) => (id === UNUSED ? 0 : id);
  return {
    definition: {
      ...{ id: `toy-${objective}@1`, title: "Toy", description: "For tests.", objective },
      vocabulary: { size: VOCABULARY, pad: 0, mask: objective === "mlm" ? MASK : null },
      ...{ language: null, directions: 2, seed: 3, probeDimensions: 24 },
      measures: ["loss", "fisher-trace", "hessian-trace", "empirical-fisher-trace"],
      ...change,
    },
    corpus: {
      ...corpus,
      examples: corpus.examples.map(({ inputIds, labels }) => ({
        inputIds: inputIds.map(used),
        labels: labels.map(used),
      })),
    },
    tasks: [
      probeTask("second", {}),
      // Shares its sentences with the first one, and has one more that is too long for the model.
      probeTask("long", { validation: [{ inputIds: [1, 2, 3, 4, 5, 6, 7, 8], label: 0 }] }),
      probeTask("mean", { pooling: { kind: "mean" }, classes: ["a", "b"] }, (ids) => (ids[0]! < 4 ? 0 : 1)),
      pairs,
      choice,
      { ...pairs, id: "Unknown", pairs: [{ good: [1, 2], bad: [1, 40] }] },
    ],
  };
}

/** Different sentences of five tokens, of which the second one says the class unless `labelOf` says otherwise. */
function probeTask(
  id: string,
  change: Partial<ProbeTask>,
  labelOf = (ids: readonly number[]) => ids[1]! % 3,
): ProbeTask {
  const random = randomSource(5);
  const seen = new Set<string>();
  const examples = Array.from({ length: SIZES[0] + SIZES[1] + SIZES[2] }, () => {
    let inputIds: number[];
    do inputIds = Array.from({ length: 5 }, (_, t) => Math.floor(random() * (t === 1 ? 5 : UNUSED)));
    while (seen.has(inputIds.join()));
    seen.add(inputIds.join());
    return { inputIds, label: labelOf(inputIds) };
  });
  return {
    kind: "probe",
    ...{ id, title: id, description: "", pooling: { kind: "concatenated" } },
    classes: ["a", "b", "c"],
    controlPositions: [0],
    train: examples.slice(0, SIZES[0]),
    validation: examples.slice(SIZES[0], SIZES[0] + SIZES[1]),
    test: examples.slice(SIZES[0] + SIZES[1]),
    ...change,
  };
}

const pairs: MinimalPairsTask = {
  ...{ kind: "minimal-pairs", id: "pairs", title: "Pairs", description: "" },
  pairs: Array.from({ length: 20 }, (_, i) => ({ good: [1, 2, i % UNUSED], bad: [1, 3, i % UNUSED, 4] })),
};

const choice: MultipleChoiceTask = {
  ...{ kind: "multiple-choice", id: "choice", title: "Choice", description: "" },
  items: Array.from({ length: 12 }, (_, i) => ({
    prompt: [1, i % UNUSED],
    choices: [[4], [5, 2], [6]].slice(0, 2 + (i % 2)),
    answer: i % 2,
  })),
};
