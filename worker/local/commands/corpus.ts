/** `plateau corpus`: makes a corpus to evaluate on, out of text and a tokenizer or out of token ids. */
import { writeFile } from "node:fs/promises";
import type { Example, Objective } from "../../../shared/corpus/corpus.ts";
import { corpusLine } from "../../../shared/corpus/corpus-lines.ts";
import { makeCorpus, type MadeCorpus } from "../../../shared/corpus/make-corpus.ts";
import {
  parseTextLines,
  splitText,
  TextError,
  type Separator,
} from "../../../shared/corpus/text-documents.ts";
import {
  parseTokenLines,
  tokenizeDocument,
  type TokenDocument,
} from "../../../shared/corpus/token-documents.ts";
import { readTokenizer, type TextTokenizer } from "../../../shared/corpus/tokenizer.ts";
import { EXIT, reportFailure } from "../failure.ts";
import { readBytes } from "../read-input.ts";
import { say } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";
import { findDestination, inodeAt, writeWhole, type Destination } from "../write-file.ts";

export interface CorpusCommandOptions {
  readonly objective: Objective;
  readonly output: string;
  /** Where what is not held out goes; without it, everything is for evaluation. */
  readonly train?: string;
  readonly heldOut: number;
  readonly tokenizer?: string;
  readonly maskToken?: string;
  /** For token ids, where no tokenizer says which one it is. */
  readonly maskId?: number;
  readonly documents: Separator;
  readonly length: number;
  readonly examples: number;
  readonly seed: number;
}

/** The longest text that JavaScript can hold. */
const LARGEST_TEXT = 2 ** 29 - 24;

/** Runs the command. Answers the exit code. */
export async function corpusCommand(
  paths: readonly string[],
  options: CorpusCommandOptions,
): Promise<number> {
  try {
    const { output, train, objective, length, examples, seed } = options;
    const destinations = await findDestinations(
      [output, ...(train === undefined ? [] : [train])],
      [...paths, ...(options.tokenizer === undefined ? [] : [options.tokenizer])],
    );
    const tokenizer = await tokenizerOf(options);
    const maskId = options.maskId ?? tokenizer?.maskId ?? null;
    if (objective === "mlm" && maskId === null) {
      throw new UsageError(
        tokenizer
          ? `${options.tokenizer} does not tell which token hides another one; name it with --mask-token.`
          : "A masked corpus of token ids needs --mask-id, the id that hides a token.",
      );
    }
    const documents: TokenDocument[] = [];
    for (const path of paths) {
      // One by one, so that a large file makes a longer list, not an argument too many.
      for (const document of await readDocuments(path, tokenizer, options)) documents.push(document);
    }
    const made = makeCorpus(documents, {
      objective,
      length,
      examples,
      seed,
      heldOut: train === undefined ? null : options.heldOut,
      prefix: tokenizer?.prefix ?? [],
      suffix: tokenizer?.suffix ?? [],
      maskId,
    });
    await write(destinations[0]!, made.evaluation);
    if (destinations[1]) await write(destinations[1], made.training);
    say(summary(made, options));
    return EXIT.ok;
  } catch (error) {
    return reportFailure(error);
  }
}

async function tokenizerOf({
  tokenizer: path,
  maskToken,
}: CorpusCommandOptions): Promise<TextTokenizer | null> {
  if (path !== undefined) return readTokenizer(await readText(path, "tokenizer"), path, maskToken);
  if (maskToken === undefined) return null;
  throw new UsageError("--mask-token names a token of --tokenizer; for files of ids, give --mask-id.");
}

async function readDocuments(
  path: string,
  tokenizer: TextTokenizer | null,
  { documents }: CorpusCommandOptions,
): Promise<TokenDocument[]> {
  const lines = /\.jsonl?$/i.test(path);
  if (!lines && !tokenizer) {
    throw new UsageError(
      `${path} is text, which takes --tokenizer FILE, a tokenizer.json. (Token ids are read from .jsonl files.)`,
    );
  }
  const content = await readText(path, "text");
  if (!tokenizer) return parseTokenLines(content, path);
  const texts = lines ? parseTextLines(content, path) : splitText(content, path, documents);
  return texts.map((text) => tokenizeDocument(text, tokenizer));
}

async function readText(path: string, what: string): Promise<string> {
  const bytes = await readBytes(path, what, "name a file in it", LARGEST_TEXT);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new TextError(`${path} is not text in UTF-8.`);
  }
}

async function findDestinations(
  outputs: readonly string[],
  inputs: readonly string[],
): Promise<Destination[]> {
  const found: Destination[] = [];
  for (const path of outputs) found.push(await findDestination(path));
  const [first, second] = found;
  if (
    second &&
    (first!.target === second.target || (first!.inode !== null && first!.inode === second.inode))
  ) {
    throw new UsageError(`--output ${first!.path} and --train ${second.path} are the same file; name two.`);
  }
  for (const input of inputs) {
    const inode = await inodeAt(input);
    const destroyed = found.find(
      (output) => output.inode !== null && !output.direct && output.inode === inode,
    );
    if (destroyed) {
      throw new UsageError(
        `${destroyed.path} is an input, which the output would destroy; name another file.`,
      );
    }
  }
  return found;
}

async function write({ target, direct }: Destination, examples: readonly Example[]): Promise<void> {
  const text = examples.map((example) => `${corpusLine(example)}\n`).join("");
  await (direct ? writeFile(target, text) : writeWhole(target, text));
}

function summary(
  { evaluation, training, counts }: MadeCorpus,
  { output, train }: CorpusCommandOptions,
): string {
  const left = [
    [counts.repeated, "repeated"],
    [counts.foundInTraining, "found in the training text"],
    [counts.tooShort, "too short"],
  ] as const;
  const leftOut = left.filter(([many]) => many > 0).map(([many, why]) => `${many} ${why}`);
  return [
    `${output}: ${evaluation.length} examples of ${counts.available}, from ${documents(counts.evaluationDocuments)}`,
    ...(train === undefined
      ? []
      : [`${train}: ${training.length} examples, from ${documents(counts.trainingDocuments)}`]),
    ...(leftOut.length > 0 ? [`left out: ${leftOut.join(", ")}`] : []),
    ...(counts.evaluationDocuments === 1
      ? ["All examples are of one document, so no error for other documents can be given; see --documents."]
      : []),
  ].join("\n");
}

function documents(count: number): string {
  return `${count} document${count === 1 ? "" : "s"}`;
}
