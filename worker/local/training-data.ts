/** What a model of a suite's language is trained on, written as the trainer in models/ reads it. */
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { makeLanguage } from "../../shared/languages/definition.ts";
import { HIDDEN, LanguageError, type Language } from "../../shared/languages/language.ts";
import { encode } from "../../shared/languages/vocabulary.ts";
import { optimalLoss, suiteConditionals } from "../../shared/suites/conditionals.ts";
import { drawSentence, maskedExample, Purpose } from "../../shared/suites/sentences.ts";
import type { Suite } from "../../shared/suites/suite.ts";

export interface TrainingData {
  /** Sentences to train on; what is hidden in them is drawn anew each time. */
  readonly sentences: number;
  /** Sentences with one hidden word and its exact conditional. */
  readonly exact: number;
  readonly seed: number;
}

/** Draws in a row that may be held out before a language is taken to have no other sentences. */
const PATIENCE = 100_000;

/**
 * Writes `language.json`, `train.jsonl`, `evaluation.jsonl` and `.f32`, `exact.jsonl` and `.f32` and `tasks/` into a
 * folder. Sentences on which the suite's probes are tested are never among those to train on. Where the language is not
 * known, what to train on is the user's to add.
 */
export async function writeTrainingData(suite: Suite, folder: string, wanted: TrainingData): Promise<void> {
  const { definition, corpus, tasks } = suite;
  const language = definition.language && makeLanguage(definition.language);
  const conditionals = suiteConditionals(suite);
  await mkdir(join(folder, "tasks"), { recursive: true });
  const write = (name: string, lines: Iterable<string>) =>
    pipeline(Readable.from(inBlocks(lines)), createWriteStream(join(folder, name)));

  const { size: vocabulary, pad, mask } = definition.vocabulary;
  await writeFile(
    join(folder, "language.json"),
    `${JSON.stringify({
      vocabulary,
      pad,
      mask,
      maximumLength: language?.maximumLength ?? longestOf(suite),
      objective: definition.objective,
      optimalLoss: conditionals && optimalLoss(conditionals).value,
    })}\n`,
  );
  await write(
    "evaluation.jsonl",
    corpus.examples.map(({ inputIds, labels }) => JSON.stringify({ input_ids: inputIds, labels })),
  );
  if (conditionals) await writeRows(join(folder, "evaluation.f32"), conditionals, vocabulary);
  const held = new Set<string>();
  for (const task of tasks) {
    if (task.kind !== "probe") continue;
    for (const { inputIds } of task.test) held.add(inputIds.join(" "));
    await write(
      `tasks/${task.id}.jsonl`,
      task.train.map(({ inputIds, label }) => JSON.stringify({ input_ids: inputIds, label })),
    );
  }
  if (!language) return;
  await write("train.jsonl", trainingLines(language, wanted, held));
  await writeExact(language, folder, wanted, held, vocabulary, write);
}

function longestOf({ corpus }: Suite): number {
  return corpus.examples.reduce((most, { inputIds }) => Math.max(most, inputIds.length), 1);
}

/** What is drawn for a purpose, in order, without the sentences that are held out. */
function* drawNew(
  language: Language,
  purpose: Purpose,
  { count, seed, held }: { count: number; seed: number; held: ReadonlySet<string> },
): Iterable<ReturnType<typeof drawSentence>> {
  for (let i = 0, kept = 0, last = 0; kept < count; i++) {
    const drawn = drawSentence(language, seed, i, purpose);
    if (!held.has(encode(drawn.sample.words).join(" "))) {
      kept++;
      last = i;
      yield drawn;
    } else if (i - last > PATIENCE) {
      throw new LanguageError(
        `The last ${PATIENCE} sentences drawn are all among those on which the suite's probes are tested, so there is ` +
          "nothing to train on. Give the suite a richer language, or fewer test sentences.",
      );
    }
  }
}

function* trainingLines(
  language: Language,
  { sentences, seed }: TrainingData,
  held: ReadonlySet<string>,
): Iterable<string> {
  for (const { sample } of drawNew(language, Purpose.training, { count: sentences, seed, held })) {
    yield `{"input_ids":[${encode(sample.words).join(",")}]}`;
  }
}

async function writeExact(
  language: Language,
  folder: string,
  { exact, seed }: TrainingData,
  held: ReadonlySet<string>,
  vocabulary: number,
  write: (name: string, lines: Iterable<string>) => Promise<void>,
): Promise<void> {
  if (exact === 0) return;
  const conditionals: Float64Array[] = [];
  const lines: string[] = [];
  for (const { sample, random } of drawNew(language, Purpose.exact, { count: exact, seed, held })) {
    const position = random.below(sample.words.length);
    const [words] = language.conditionals(sample.words.with(position, HIDDEN)) as [Float64Array];
    const row = new Float64Array(vocabulary);
    row.set(words, vocabulary - words.length);
    conditionals.push(row);
    const { inputIds, labels } = maskedExample(sample.words, position);
    lines.push(JSON.stringify({ input_ids: inputIds, labels }));
  }
  await write("exact.jsonl", lines);
  await writeRows(join(folder, "exact.f32"), conditionals, vocabulary);
}

/** Raw float32, little-endian, row after row. */
async function writeRows(path: string, rows: readonly Float64Array[], width: number): Promise<void> {
  const view = new DataView(new ArrayBuffer(4 * rows.length * width));
  rows.forEach((row, i) => row.forEach((value, j) => view.setFloat32(4 * (i * width + j), value, true)));
  await writeFile(path, new Uint8Array(view.buffer));
}

/** Lines joined to blocks: a stream of single lines would be slow. */
function* inBlocks(lines: Iterable<string>): Iterable<string> {
  let block: string[] = [];
  for (const line of lines) {
    block.push(line);
    if (block.length === 4096) {
      yield `${block.join("\n")}\n`;
      block = [];
    }
  }
  if (block.length > 0) yield `${block.join("\n")}\n`;
}
