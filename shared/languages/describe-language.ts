/** The shape of a language: sizes, lengths, and what its sentences can never hold. */
import { bottomUp, levelSizes, meanYields, reachable } from "./grammar-shape.ts";
import { occurringStates } from "./hmm-shape.ts";
import type { Hmm } from "./hmm.ts";
import type { Pcfg } from "./pcfg.ts";

export interface LanguageShape {
  readonly kind: "pcfg" | "hmm";
  /** Null for hidden Markov models. */
  readonly nonterminals: number | null;
  /** Numbers of non-terminals, from the start symbol on, where every rule leads from one level to the next. */
  readonly levels: readonly number[] | null;
  /** Distinct rules; null for hidden Markov models. */
  readonly rules: { readonly binary: number; readonly unary: number; readonly lexical: number } | null;
  /** Hidden states; null for grammars. */
  readonly states: number | null;
  readonly words: number;
  /** Words of the longest sentence. */
  readonly longestSentence: number;
  /** Expected words of a sentence. */
  readonly meanLength: number;
  /** Names of non-terminals, states (by number) and words that no sentence ever uses. */
  readonly unused: {
    readonly nonterminals: readonly string[];
    readonly states: readonly number[];
    readonly words: readonly string[];
  };
}

/** The shape of a language, exactly: nothing is sampled. */
export function describeLanguage(language: Pcfg | Hmm): LanguageShape {
  return language.kind === "pcfg" ? describeGrammar(language) : describeHmm(language);
}

function describeGrammar({ grammar, words, maximumLength }: Pcfg): LanguageShape {
  const { nonterminals, phrases, lexicon } = grammar;
  const used = reachable(grammar);
  const usedWords = new Set(lexicon.flatMap(({ parent, word }) => (used.has(parent) ? [word] : [])));
  const binary = phrases.filter(({ right }) => right >= 0).length;
  return {
    kind: "pcfg",
    nonterminals: nonterminals.length,
    levels: levelSizes(grammar),
    rules: { binary, unary: phrases.length - binary, lexical: lexicon.length },
    states: null,
    words: words.length,
    longestSentence: maximumLength,
    meanLength: meanYields(grammar, bottomUp(grammar))[0]!,
    unused: {
      nonterminals: nonterminals.filter((_, symbol) => !used.has(symbol)),
      states: [],
      words: words.filter((_, word) => !usedWords.has(word)),
    },
  };
}

function describeHmm({ parameters, words, maximumLength }: Hmm): LanguageShape {
  const { initial, transitions, emissions, lengths } = parameters;
  const used = occurringStates(initial, transitions, maximumLength);
  const total = lengths.reduce((sum, probability) => sum + probability, 0);
  return {
    kind: "hmm",
    nonterminals: null,
    levels: null,
    rules: null,
    states: initial.length,
    words: words.length,
    longestSentence: maximumLength,
    meanLength: lengths.reduce((sum, probability, i) => sum + probability * (i + 1), 0) / total,
    unused: {
      nonterminals: [],
      states: initial.flatMap((_, state) => (used.has(state) ? [] : [state])),
      words: words.filter((_, word) => ![...used].some((state) => emissions[state]![word]! > 0)),
    },
  };
}
