/** Downstream tasks of a known language: which symbol generates a span, which state hides behind a word. */
import type { Hmm } from "../languages/hmm.ts";
import { HIDDEN, LanguageError, type Language, type Sample } from "../languages/language.ts";
import type { Pcfg } from "../languages/pcfg.ts";
import { encode } from "../languages/vocabulary.ts";
import { drawSentence, Purpose } from "./sentences.ts";
import type { MinimalPairsTask, ProbeExample, ProbeTask } from "./task.ts";

export interface TaskSizes {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** Sentences of the paper's tasks have at least this many words. */
const SHORTEST = 5;
/** A word whose conditional probability is this many times smaller counts as far less likely. */
const FAR_LESS_LIKELY = 50;
/** Training sentences of a class without which it is left out. */
const FEWEST = 10;
/** Draws per wanted example before a task is given up as too rare. */
const PATIENCE = 200;

/**
 * The paper's tasks (Liu et al. 2023, released code): A, the root symbol most likely to generate the whole sentence; B
 * and C, the non-terminal most likely to generate its first four and first two words. Sentences of five words or more;
 * where no non-terminal generates the first words, or a very rare one, the sentence is not part of the task.
 */
export function grammarTasks(language: Pcfg, sizes: TaskSizes, seed: number): ProbeTask[] {
  const names = language.grammar.nonterminals;
  const roots = language.grammar.phrases.flatMap(({ parent, left, right }) =>
    parent === 0 && right < 0 ? [left] : [],
  );
  const spanTask = (id: string, span: number | null): ProbeTask => {
    const what =
      span === null ? "root symbol generates the sentence" : `non-terminal generates its first ${span} words`;
    return probeTask(language, sizes, seed, {
      id: `task-${id}`,
      title: `Task ${id}`,
      description: `Which ${what}: the most likely one, by inside probability.`,
      classes: span === null ? roots.map((symbol) => names[symbol]!) : names,
      controlPositions: [0, 1],
      labelOf: ({ words }) => {
        if (words.length < SHORTEST) return null;
        if (span !== null) return language.mostLikelyParent(words.slice(0, span));
        const root = language.mostLikelyParent(words, roots);
        return root === null ? null : roots.indexOf(root);
      },
    });
  };
  return [spanTask("A", null), spanTask("B", 4), spanTask("C", 2)];
}

/** The hidden state behind one word, counted from 1 (Liu et al. 2023: task-6 and task-10). */
export function stateTask(language: Hmm, position: number, sizes: TaskSizes, seed: number): ProbeTask {
  return probeTask(language, sizes, seed, {
    id: `task-${position}`,
    title: `Task ${position}`,
    description: `The hidden state at position ${position} of the sentence.`,
    classes: Array.from({ length: language.states }, (_, state) => `state ${state}`),
    controlPositions: [position - 1],
    labelOf: ({ states }) => states?.[position - 1] ?? null,
  });
}

interface Labelling {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly classes: readonly string[];
  readonly controlPositions: readonly number[];
  /** The class of a sentence; null where it is not part of the task. */
  readonly labelOf: (sample: Sample) => number | null;
}

/**
 * Draws as many different sentences as the task has; those of classes too rare to be learnt from are then left out, so
 * that splits may be a little smaller than asked.
 */
function probeTask(language: Language, sizes: TaskSizes, seed: number, task: Labelling): ProbeTask {
  const wanted = sizes.train + sizes.validation + sizes.test;
  const examples: ProbeExample[] = [];
  const seen = new Set<string>();
  for (let i = 0; examples.length < wanted; i++) {
    if (i >= PATIENCE * wanted) {
      throw new LanguageError(
        `${task.title}: only ${examples.length} different sentences with a label came in ${i} draws, where ${wanted} ` +
          `are needed. Ask for fewer, or use a richer language.`,
      );
    }
    const { sample } = drawSentence(language, seed, i, Purpose.tasks);
    const key = sample.words.join(" ");
    if (seen.has(key)) continue;
    seen.add(key);
    const label = task.labelOf(sample);
    if (label !== null) examples.push({ inputIds: encode(sample.words), label });
  }
  const counts = task.classes.map(() => 0);
  for (const { label } of examples.slice(0, sizes.train)) counts[label]!++;
  const kept = counts.flatMap((count, label) => (count >= FEWEST ? [label] : []));
  const split = (first: number, count: number) =>
    examples.slice(first, first + count).flatMap(({ inputIds, label }) => {
      const index = kept.indexOf(label);
      return index < 0 ? [] : [{ inputIds, label: index }];
    });
  return {
    kind: "probe",
    id: task.id,
    title: task.title,
    description: task.description,
    pooling: { kind: "concatenated" },
    classes: kept.map((label) => task.classes[label]!),
    controlPositions: task.controlPositions,
    train: split(0, sizes.train),
    validation: split(sizes.train, sizes.validation),
    test: split(sizes.train + sizes.validation, sizes.test),
  };
}

/**
 * Sentences against the same with one word that the language forbids there, or makes at least 50 times less likely than
 * the word that was: drawn by how often words occur, so that rare words give nothing away.
 */
export function minimalPairs(language: Language, count: number, seed: number): MinimalPairsTask {
  const pairs: MinimalPairsTask["pairs"][number][] = [];
  for (let i = 0; pairs.length < count; i++) {
    if (i >= PATIENCE * count) {
      throw new LanguageError(
        `Only ${pairs.length} minimal pairs came from ${i} sentences, where ${count} are needed: the language hardly ` +
          `rules a word out.`,
      );
    }
    const { sample, random } = drawSentence(language, seed, i, Purpose.pairs);
    const position = random.below(sample.words.length);
    const hidden = sample.words.with(position, HIDDEN);
    const [conditional] = language.conditionals(hidden) as [Float64Array];
    const word = sample.words[position]!;
    // A word from another sentence is as frequent as words are.
    const other = language.sample(random).words;
    const replacement = other[random.below(other.length)]!;
    if (conditional[replacement]! * FAR_LESS_LIKELY > conditional[word]!) continue;
    const bad = hidden.map((kept) => (kept === HIDDEN ? replacement : kept));
    pairs.push({ good: encode(sample.words), bad: encode(bad) });
  }
  return {
    kind: "minimal-pairs",
    id: "minimal-pairs",
    title: "Minimal pairs",
    description:
      "A sentence against one with a word that the language forbids or makes 50 times less likely there.",
    pairs,
  };
}
