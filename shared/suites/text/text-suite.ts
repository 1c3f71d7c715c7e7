/** The real-text suite: corpus and tasks from chapters of text and a tokenizer. The same input gives the same suite. */
import type { Example } from "../../corpus/corpus.ts";
import { makeCorpus, type MadeCorpus } from "../../corpus/make-corpus.ts";
import { splitDocuments } from "../../corpus/split-documents.ts";
import type { TextDocument } from "../../corpus/text-documents.ts";
import { tokenizeDocument } from "../../corpus/token-documents.ts";
import type { TextTokenizer } from "../../corpus/tokenizer.ts";
import { occursIn } from "../../corpus/unseen-chunks.ts";
import { corpusOf } from "../../corpus/parse.ts";
import type { Suite, SuiteDefinition } from "../suite.ts";
import { TEXT } from "./definition.ts";
import { minimalPairs, type TextPair } from "./minimal-pairs.ts";
import { multipleChoice } from "./multiple-choice.ts";
import { pairRules } from "./pair-rules.ts";
import { bookOf, PART_NAMES, partOf } from "./parts.ts";
import { passages } from "./passage-probe.ts";

/** The most tokens a model is given, the start token included. */
export const TEXT_LENGTH = 64;

const SEED = 1;
const HELD_OUT = 0.15;
const EXAMPLES = 1000;
const PAIRS = 200;
/** Shorter sentences are exclamations and headings. */
const SHORTEST_SENTENCE = 5;
const ITEMS = 500;
/** Some more than needed, since parallel chapters share sentences. */
const CHOICE = { items: 600, choices: 4, shortest: 24, longest: 40, continuation: 20 } as const;
const PASSAGE = 32;
const PROBE_EXAMPLES = { train: 2000, validation: 1000, test: 2000 } as const;
/** Of the chapters that models train on, this share is for validation of the probe. */
const VALIDATION = 0.3;

/** Which random numbers; rules for pairs count on from theirs. */
const PURPOSE = {
  choice: 0x7465_0010,
  train: 0x7465_0011,
  validation: 0x7465_0012,
  test: 0x7465_0013,
  pairs: 0x7465_0020,
};

const definition = (size: number): SuiteDefinition => ({
  ...TEXT,
  objective: "clm",
  vocabulary: { size, pad: 0, mask: null },
  language: null,
  measures: ["loss", "fisher-trace", "hessian-trace", "empirical-fisher-trace"],
  directions: 8,
  seed: SEED,
  probeDimensions: 256,
});

export interface TextSuite {
  readonly suite: Suite;
  /** What models of the zoo learn from: no chapter, and no piece of the corpus, is in both. */
  readonly training: readonly Example[];
  readonly counts: MadeCorpus["counts"];
  /** The minimal pairs as text, by task. */
  readonly pairs: Readonly<Record<string, readonly TextPair[]>>;
}

/** Chapters are split first; sentences of the held-out ones that occur in the others as well are left out. */
export function makeTextSuite(chapters: readonly TextDocument[], tokenizer: TextTokenizer): TextSuite {
  const { prefix, suffix, maskId } = tokenizer;
  const documents = chapters.map((chapter) => tokenizeDocument(chapter, tokenizer));
  const { evaluation, training, counts } = makeCorpus(documents, {
    objective: "clm",
    length: TEXT_LENGTH,
    examples: EXAMPLES,
    seed: SEED,
    heldOut: HELD_OUT,
    prefix,
    suffix,
    maskId,
  });
  const split = splitDocuments(documents, HELD_OUT, SEED);
  const heldOut = new Set(split.evaluation.map(({ id }) => id));
  const linesOf = (held: boolean) =>
    chapters.filter(({ id }) => heldOut.has(id) === held).flatMap(({ text }) => text.split("\n"));
  const candidates = [...new Set(linesOf(true))].filter(
    (sentence) => sentence.split(" ").length >= SHORTEST_SENTENCE,
  );
  const known = occursIn(
    candidates.map((sentence) => tokenizer.encode(sentence)),
    split.training,
  );
  const sentences = candidates.filter((_, i) => !known[i]);
  const pairs = pairRules(linesOf(false)).map((rule, i) =>
    minimalPairs(sentences, rule, tokenizer, {
      pairs: PAIRS,
      length: TEXT_LENGTH,
      seed: SEED,
      purpose: PURPOSE.pairs + i,
    }),
  );
  const found = multipleChoice(split.evaluation, {
    ...CHOICE,
    sourceOf: bookOf,
    prefix,
    seed: SEED,
    purpose: PURPOSE.choice,
  });
  const answers = found.map(({ choices, answer }) => choices[answer]!);
  const seen = occursIn(answers, split.training);
  const items = found.filter((_, i) => !seen[i]).slice(0, ITEMS);
  const probe = splitDocuments(split.training, VALIDATION, SEED + 1);
  const probeExamples = (from: typeof documents, part: keyof typeof PROBE_EXAMPLES) =>
    passages(from, partOf, {
      examples: PROBE_EXAMPLES[part],
      classes: PART_NAMES.length,
      length: PASSAGE,
      prefix,
      seed: SEED,
      purpose: PURPOSE[part],
    });
  const suite: Suite = {
    definition: definition(tokenizer.vocabulary),
    corpus: corpusOf(evaluation, "clm", "text@1"),
    tasks: [
      {
        kind: "probe",
        id: "part",
        title: "Part of the text",
        description: `Which of ${PART_NAMES.length} parts of the Bible a passage of ${PASSAGE} tokens is from; test passages are from chapters that neither model nor probe was trained on.`,
        pooling: { kind: "mean" },
        classes: PART_NAMES,
        controlPositions: [prefix.length],
        train: probeExamples([...probe.training], "train"),
        validation: probeExamples([...probe.evaluation], "validation"),
        test: probeExamples([...split.evaluation], "test"),
      },
      ...pairs.map(({ task }) => task),
      {
        kind: "multiple-choice",
        id: "continuation",
        title: "Continuation",
        description: `How a passage goes on for ${CHOICE.continuation} tokens, against how ${CHOICE.choices - 1} passages of other books go on.`,
        items,
      },
    ],
  };
  return {
    suite,
    training,
    counts,
    pairs: Object.fromEntries(pairs.map(({ task, texts }) => [task.id, texts])),
  };
}
