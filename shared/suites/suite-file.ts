/**
 * The suite file: one JSON object with the definition, the corpus and the tasks. Its sha256 is the suite's identity, so
 * the text that comes out for a suite is always the same.
 */
import { IGNORED, type Example } from "../corpus/corpus.ts";
import { corpusOf, parseExample } from "../corpus/parse.ts";
import { PlateauError } from "../errors.ts";
import { makeLanguage } from "../languages/definition.ts";
import { vocabularySize } from "../languages/vocabulary.ts";
import { MEASURES } from "../measures/index.ts";
import { suiteSchema, type SuiteFile } from "./suite-schema.ts";
import type { Suite } from "./suite.ts";
import type { ProbeExample, ProbeTask, Task } from "./task.ts";

/** A suite that is not usable. The message names the field. */
export class SuiteError extends PlateauError {}

/** The suite as text: the same for the same suite, whoever writes it. */
export function formatSuite({ definition, corpus, tasks }: Suite): string {
  const file = {
    schemaVersion: 1,
    definition,
    corpus: corpus.examples.map((example) => ({
      input_ids: example.inputIds,
      labels: example.labels,
      ...(example.attentionMask && { attention_mask: example.attentionMask }),
      ...(example.tokenTypeIds && { token_type_ids: example.tokenTypeIds }),
      ...(example.group !== undefined && { group: example.group }),
    })),
    tasks: tasks.map(writtenTask),
  };
  return `${JSON.stringify(file)}\n`;
}

/**
 * Reads a suite file and checks that its parts fit together.
 *
 * @param name how errors call the file.
 * @throws SuiteError, CorpusError, LanguageError, each naming the place.
 */
export function parseSuite(text: string, name = "suite"): Suite {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new SuiteError(`${name} is not JSON (${(error as Error).message}).`);
  }
  const parsed = suiteSchema.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new SuiteError(
      `${name} is not a suite: ${path.length > 0 ? `${path.join(".")}: ` : ""}${message}.`,
    );
  }
  const { definition, corpus, tasks } = parsed.data;
  const examples = corpus.map((record, i) => parseExample(record, `${name}, corpus[${i}]`));
  const suite: Suite = {
    definition,
    corpus: corpusOf(examples, definition.objective, name),
    tasks: tasks.map(readTask),
  };
  assertConsistent(suite, examples, name);
  return suite;
}

function writtenTask(task: Task): SuiteFile["tasks"][number] {
  if (task.kind !== "probe") return task;
  const examples = (list: readonly ProbeExample[]) =>
    list.map(({ inputIds, label }) => ({ input_ids: inputIds, label }));
  return {
    ...task,
    train: examples(task.train),
    validation: examples(task.validation),
    test: examples(task.test),
  };
}

function readTask(task: SuiteFile["tasks"][number]): Task {
  if (task.kind !== "probe") return task;
  const examples = (list: readonly { input_ids: readonly number[]; label: number }[]) =>
    list.map(({ input_ids: inputIds, label }) => ({ inputIds, label }));
  return {
    ...task,
    train: examples(task.train),
    validation: examples(task.validation),
    test: examples(task.test),
  };
}

function assertConsistent({ definition, tasks }: Suite, examples: readonly Example[], name: string): void {
  const { vocabulary, language, measures, objective } = definition;
  const known = MEASURES.map(({ id }) => id);
  const unknown = measures.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    throw new SuiteError(`${name}: there is no measure '${unknown}'. Choose among ${known.join(", ")}.`);
  }
  if (objective === "mlm" && vocabulary.mask === null) {
    throw new SuiteError(`${name}: a masked suite needs vocabulary.mask, the id that hides a token.`);
  }
  const assertIds = (ids: readonly number[], where: string) => {
    const beyond = ids.find((id) => id >= vocabulary.size);
    if (beyond === undefined) return;
    throw new SuiteError(
      `${name}, ${where}: token id ${beyond} is not below vocabulary.size, ${vocabulary.size}.`,
    );
  };
  examples.forEach(({ inputIds, labels }, i) => {
    assertIds(inputIds, `corpus[${i}]`);
    assertIds(
      labels.filter((label) => label !== IGNORED),
      `corpus[${i}].labels`,
    );
  });
  const ids = new Set<string>();
  for (const task of tasks) {
    if (ids.has(task.id)) throw new SuiteError(`${name}: two tasks are called '${task.id}'.`);
    ids.add(task.id);
    forEachSentence(task, (sentence, place) => assertIds(sentence, `task '${task.id}', ${place}`));
    if (task.kind === "probe") assertSplit(task, name);
    if (task.kind === "multiple-choice") {
      const wrong = task.items.findIndex(({ choices, answer }) => answer >= choices.length);
      if (wrong >= 0) {
        throw new SuiteError(`${name}, task '${task.id}', items[${wrong}]: answer is past the last choice.`);
      }
    }
  }
  if (!language) return;
  const words = vocabularySize(makeLanguage(language).words.length);
  if (words !== vocabulary.size) {
    throw new SuiteError(
      `${name}: vocabulary.size is ${vocabulary.size}, but the language's words, padding and mask are ${words} ids.`,
    );
  }
}

/** Test sentences must be new: a probe could know them by heart. */
function assertSplit({ id, classes, train, validation, test }: ProbeTask, name: string): void {
  const seen = new Set([...train, ...validation].map(({ inputIds }) => inputIds.join(" ")));
  const repeated = test.findIndex(({ inputIds }) => seen.has(inputIds.join(" ")));
  if (repeated >= 0) {
    throw new SuiteError(
      `${name}, task '${id}', test[${repeated}] also occurs in training or validation; test sentences must be new.`,
    );
  }
  for (const [part, examples] of Object.entries({ train, validation, test })) {
    const wrong = examples.findIndex(({ label }) => label >= classes.length);
    if (wrong < 0) continue;
    throw new SuiteError(
      `${name}, task '${id}', ${part}[${wrong}]: label ${examples[wrong]!.label} is not below the ${classes.length} classes.`,
    );
  }
}

function forEachSentence(task: Task, visit: (ids: readonly number[], place: string) => void): void {
  switch (task.kind) {
    case "probe":
      for (const part of ["train", "validation", "test"] as const) {
        task[part].forEach(({ inputIds }, i) => visit(inputIds, `${part}[${i}]`));
      }
      return;
    case "minimal-pairs":
      task.pairs.forEach(({ good, bad }, i) => {
        visit(good, `pairs[${i}].good`);
        visit(bad, `pairs[${i}].bad`);
      });
      return;
    case "multiple-choice":
      task.items.forEach(({ prompt, choices }, i) => {
        visit(prompt, `items[${i}].prompt`);
        choices.forEach((choice, c) => visit(choice, `items[${i}].choices[${c}]`));
      });
  }
}
