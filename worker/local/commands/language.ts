/** `plateau language`: the shape of a language, and the least loss that a model of it can have. */
import { once } from "node:events";
import { describeLanguage } from "../../../shared/languages/describe-language.ts";
import { encode } from "../../../shared/languages/vocabulary.ts";
import { drawSentence, Purpose } from "../../../shared/suites/sentences.ts";
import { EXIT, reportFailure } from "../failure.ts";
import { openLanguage, type NamedLanguage } from "../language-file.ts";
import { languageLines, unusedWarnings, type LanguageSheet } from "../language-sheet.ts";
import { optimalMaskedLoss } from "../masked-loss.ts";
import { createProgress } from "../progress.ts";
import { columns, print } from "../terminal.ts";

export interface LanguageCommandOptions {
  readonly json?: boolean;
  /** Sentences that the loss is averaged over. */
  readonly sentences: number;
  readonly seed: number;
  /** Write this many sentences instead. */
  readonly sample?: number;
  readonly quiet?: boolean;
}

/** What is done sooner needs none. */
const SECONDS_BEFORE_PROGRESS = 2;
/** Characters written at a time. */
const BLOCK = 2 ** 16;

/** Runs the command. Answers the exit code. */
export async function languageCommand(path: string, options: LanguageCommandOptions): Promise<number> {
  try {
    const found = await openLanguage(path);
    if (options.sample !== undefined) await printSample(found, options.sample, options.seed);
    else show(found, options);
    return EXIT.ok;
  } catch (error) {
    return reportFailure(error);
  }
}

function show({ name, language, warnings }: NamedLanguage, options: LanguageCommandOptions): void {
  const { sentences, seed, json = false, quiet = false } = options;
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const shape = describeLanguage(language);
  const progress = createProgress(process.stderr, quiet);
  const loss = optimalMaskedLoss(language, sentences, seed, (done) => {
    if (seconds() < SECONDS_BEFORE_PROGRESS) return;
    const fraction = done / sentences;
    const secondsLeft = (seconds() / fraction) * (1 - fraction);
    progress.update(name, { stage: "optimal loss", fraction, rate: null, secondsLeft }, null);
  });
  progress.clear();
  const perplexity = Math.exp(loss.value);
  const sheet: LanguageSheet = {
    file: name,
    ...shape,
    maskedLoss: { ...loss, unit: "nats/token" },
    perplexity: { value: perplexity, standardError: perplexity * loss.standardError },
    sentences,
    seed,
    seconds: seconds(),
    warnings: [...warnings, ...unusedWarnings(shape)],
  };
  print(json ? JSON.stringify(sheet, null, 2) : languageLines(sheet, columns()).join("\n"));
}

/** Sentences as JSON lines, drawn for training: none is a sentence of a suite's corpus but by chance. */
async function printSample({ language }: NamedLanguage, count: number, seed: number): Promise<void> {
  let block = "";
  for (let i = 0; i < count; i++) {
    const { words } = drawSentence(language, seed, i, Purpose.training).sample;
    const text = words.map((word) => language.words[word]!).join(" ");
    block += `${JSON.stringify({ input_ids: encode(words), words: text })}\n`;
    if (block.length < BLOCK && i < count - 1) continue;
    // Who reads may be slower than we draw.
    if (!process.stdout.write(block)) await once(process.stdout, "drain");
    block = "";
  }
}
