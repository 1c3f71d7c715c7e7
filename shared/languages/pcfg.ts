/** A probabilistic context-free grammar as a language: sampling, and exact conditionals by inside–outside. */
import type { RandomStream } from "../random.ts";
import { Chart } from "./chart.ts";
import { bottomUp, longestYields } from "./grammar-shape.ts";
import type { Grammar } from "./grammar.ts";
import { argmax, Categorical, HIDDEN, LanguageError, type Language, type Sample } from "./language.ts";
import { quoted, quotedSentence } from "./quoted.ts";

/** Longer sentences would make charts of hundreds of megabytes. */
const LONGEST = 512;
/** Numbers in each half of the chart of the longest sentence: 512 MB. */
const LARGEST_CHART = 2 ** 26;

export class Pcfg implements Language {
  readonly kind = "pcfg";
  readonly grammar: Grammar;
  readonly words: readonly string[];
  readonly maximumLength: number;
  private readonly chart: Chart;
  private readonly rules: readonly (readonly Expansion[])[];
  private readonly choices: readonly Categorical[];

  /** @throws LanguageError where derivations can go round, or sentences be longer than 512 words. */
  constructor(grammar: Grammar) {
    this.grammar = grammar;
    this.words = grammar.words;
    assertRules(grammar);
    const order = bottomUp(grammar);
    this.maximumLength = longestYields(grammar, order)[0]!;
    assertSize(grammar, this.maximumLength);
    this.chart = new Chart(grammar, order);
    const rules: Expansion[][] = grammar.nonterminals.map(() => []);
    for (const { parent, left, right, probability } of grammar.phrases) {
      rules[parent]!.push({ probability, children: right < 0 ? [left] : [left, right] });
    }
    for (const { parent, word, probability } of grammar.lexicon) rules[parent]!.push({ probability, word });
    this.rules = rules;
    this.choices = rules.map((list) => new Categorical(list.map(({ probability }) => probability)));
  }

  sample(random: RandomStream): Sample {
    const words: number[] = [];
    const pending = [0];
    while (pending.length > 0) {
      const symbol = pending.pop()!;
      const rule = this.rules[symbol]![this.choices[symbol]!.draw(random)]!;
      if ("word" in rule) words.push(rule.word);
      // The leftmost symbol is expanded next, so that words come out in order.
      else pending.push(...[...rule.children].reverse());
    }
    return { words };
  }

  conditionals(sentence: readonly number[]): Float64Array[] {
    this.fill(sentence);
    return sentence.flatMap((word, position) => (word === HIDDEN ? [this.chart.conditional(position)] : []));
  }

  /** log p(sentence), nats; hidden words are summed over; −∞ for what the grammar cannot produce. */
  logProbability(sentence: readonly number[]): number {
    this.assertWords(sentence);
    if (sentence.length > this.maximumLength) return -Infinity;
    return this.chart.logProbability(sentence);
  }

  /**
   * Inside probabilities p(A ⇒* words) of every non-terminal A over a span, up to a common factor: which symbol most
   * likely generates it. All 0 for spans longer than any sentence.
   */
  inside(words: readonly number[]): Float64Array {
    this.assertWords(words);
    if (words.length > this.maximumLength) return new Float64Array(this.grammar.nonterminals.length);
    return this.chart.inside(words);
  }

  /**
   * The most likely of `candidates` (non-terminals; all of them where absent) to generate the words, or null where none
   * can (the paper's tasks A, B and C).
   */
  mostLikelyParent(words: readonly number[], candidates?: readonly number[]): number | null {
    const inside = this.inside(words);
    const ids = candidates ?? inside.map((_, symbol) => symbol);
    const values = Float64Array.from(ids, (symbol) => inside[symbol]!);
    const best = argmax(values);
    return values[best]! > 0 ? ids[best]! : null;
  }

  private fill(sentence: readonly number[]): void {
    this.assertWords(sentence);
    if (sentence.length <= this.maximumLength && this.chart.fill(sentence)) return;
    throw new LanguageError(
      `The grammar cannot produce ${quotedSentence(sentence, this.words)}, so no conditional is defined there.`,
    );
  }

  private assertWords(sentence: readonly number[]): void {
    if (sentence.length === 0) throw new LanguageError("A sentence without words was given to the grammar.");
    for (const word of sentence) {
      if (word === HIDDEN || (Number.isInteger(word) && word >= 0 && word < this.words.length)) continue;
      throw new LanguageError(
        `The grammar has ${this.words.length} words, numbered from 0; it has no word ${word}.`,
      );
    }
  }
}

/** Throws where a non-terminal has no rules to expand it by, as grammars that were not read from text may have. */
function assertRules({ nonterminals, phrases, lexicon }: Grammar): void {
  const expandable = new Set([...phrases, ...lexicon].map(({ parent }) => parent));
  const missing = nonterminals.findIndex((_, symbol) => !expandable.has(symbol));
  if (nonterminals.length > 0 && missing < 0) return;
  throw new LanguageError(
    missing < 0
      ? "The grammar has no non-terminals; its first one is where sentences start."
      : `The grammar's non-terminal ${quoted(nonterminals[missing]!)} has no rules; give it some, or leave it out.`,
  );
}

function assertSize({ nonterminals }: Grammar, longest: number): void {
  if (longest > LONGEST) {
    const shown =
      longest < 1e6 ? String(longest) : longest < 1e300 ? longest.toPrecision(2) : "more than 1e+300";
    throw new LanguageError(
      `The grammar's longest sentence has ${shown} words; at most ${LONGEST} can be handled.`,
    );
  }
  if ((longest + 1) * longest * nonterminals.length > LARGEST_CHART) {
    throw new LanguageError(
      `The grammar's ${nonterminals.length} non-terminals over sentences of up to ${longest} words need more memory ` +
        `than there is: use fewer, or shorter sentences.`,
    );
  }
}

type Expansion = { readonly probability: number } & (
  { readonly word: number } | { readonly children: readonly number[] }
);
