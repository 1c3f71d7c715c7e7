/** The suites of languages that are known exactly; everything in them follows from a shape and a seed. */
import { corpusOf } from "../corpus/parse.ts";
import { makeLanguage, type LanguageDefinition } from "../languages/definition.ts";
import { Hmm } from "../languages/hmm.ts";
import type { Language } from "../languages/language.ts";
import { Pcfg } from "../languages/pcfg.ts";
import { MASK, PAD, vocabularySize } from "../languages/vocabulary.ts";
import { grammarTasks, minimalPairs, stateTask, type TaskSizes } from "./language-tasks.ts";
import { maskedCorpus } from "./sentences.ts";
import type { Suite } from "./suite.ts";
import type { Task } from "./task.ts";

interface LanguageSuite {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly language: LanguageDefinition;
  readonly examples: number;
  readonly directions: number;
  readonly probeDimensions: number;
  readonly sizes: TaskSizes;
  readonly pairs: number;
}

export const PCFG_MINI: LanguageSuite = {
  id: "pcfg-mini@1",
  title: "PCFG mini",
  description:
    "A small probabilistic context-free grammar that a CPU learns to near its least possible loss: 11 words, three " +
    "levels of four non-terminals, sentences of up to eight words, one masked.",
  language: {
    kind: "pcfg",
    shape: {
      roots: 4,
      levels: 3,
      nonterminalsPerLevel: 4,
      pairsPerNonterminal: 2,
      wordProbability: 0.1,
      words: 12,
      wordsPerNonterminal: 4,
    },
    seed: 9,
  },
  examples: 6000,
  directions: 2,
  probeDimensions: 256,
  sizes: { train: 2000, validation: 1000, test: 2000 },
  pairs: 1000,
};

export const PCFG: LanguageSuite = {
  id: "pcfg@1",
  title: "PCFG",
  description:
    "A probabilistic context-free grammar of the shape in Liu et al. (2023): 200 words, nine roots, four levels of ten " +
    "non-terminals, sentences of up to sixteen words, one masked.",
  language: {
    kind: "pcfg",
    shape: {
      roots: 9,
      levels: 4,
      nonterminalsPerLevel: 10,
      pairsPerNonterminal: 18,
      wordProbability: 0.15,
      words: 200,
      wordsPerNonterminal: 80,
    },
    seed: 1,
  },
  examples: 8000,
  directions: 2,
  probeDimensions: 256,
  sizes: { train: 5000, validation: 1000, test: 4000 },
  pairs: 1000,
};

export const HMM: LanguageSuite = {
  id: "hmm@1",
  title: "HMM",
  description:
    "A hidden Markov model of the shape in Liu et al. (2023): 100 states, 200 words, sentences of up to sixteen words, " +
    "one masked.",
  language: {
    kind: "hmm",
    shape: {
      states: 100,
      words: 200,
      minimumLength: 11,
      maximumLength: 16,
      transitionSpread: 2.5,
      emissionSpread: 2.5,
    },
    seed: 1,
  },
  examples: 8000,
  directions: 2,
  probeDimensions: 256,
  sizes: { train: 5000, validation: 1000, test: 4000 },
  pairs: 1000,
};

export function buildLanguageSuite(suite: LanguageSuite): Suite {
  const language = makeLanguage(suite.language);
  const seed = 1;
  return {
    definition: {
      id: suite.id,
      title: suite.title,
      description: suite.description,
      objective: "mlm",
      vocabulary: { size: vocabularySize(language.words.length), pad: PAD, mask: MASK },
      language: suite.language,
      measures: ["loss", "excess-loss", "fisher-trace", "hessian-trace", "empirical-fisher-trace"],
      directions: suite.directions,
      seed,
      probeDimensions: suite.probeDimensions,
    },
    corpus: corpusOf(maskedCorpus(language, suite.examples, seed), "mlm"),
    tasks: [...probeTasks(language, suite.sizes, seed), minimalPairs(language, suite.pairs, seed)],
  };
}

function probeTasks(language: Language, sizes: TaskSizes, seed: number): Task[] {
  if (language instanceof Pcfg) return grammarTasks(language, sizes, seed);
  if (language instanceof Hmm) return [6, 10].map((position) => stateTask(language, position, sizes, seed));
  return [];
}
