import { describe, expect, test } from "vitest";
import { conditionalsOf, wordsOf, yieldsOf } from "../../test/support/enumerate-language.ts";
import { RandomStream } from "../random.ts";
import { parseGrammar, type Grammar } from "./grammar.ts";
import { HIDDEN, LanguageError } from "./language.ts";
import { Pcfg } from "./pcfg.ts";

/** At most this far from what enumeration gives. */
const TOLERANCE = 1e-12;
const LONGEST = 6;

/**
 * A random grammar as text: each symbol's rules lead to later symbols, two at a time or one, or to words, on any level;
 * some rules are written twice.
 */
function randomText(seed: number): string {
  const random = new RandomStream(seed, 0, 77);
  const symbols = 3 + random.below(4);
  const words = 2 + random.below(3);
  const lines: string[] = [];
  for (let symbol = 0; symbol < symbols; symbol++) {
    const later = () => `N${symbol + 1 + random.below(symbols - symbol - 1)}`;
    const last = symbol === symbols - 1;
    const right = Array.from({ length: 1 + random.below(4) }, () => {
      const kind = last ? 2 : random.below(3);
      return kind === 0 ? `${later()} ${later()}` : kind === 1 ? later() : `w${random.below(words)}`;
    });
    const weights = right.map(() => 0.05 + random.uniform());
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    right.forEach((side, i) => lines.push(`N${symbol} ${side} ${weights[i]! / total}`));
  }
  return lines.join("\n");
}

/** Grammars of sentences short enough to enumerate. */
const GRAMMARS: [seed: number, grammar: Grammar][] = [];
for (let seed = 0; GRAMMARS.length < 60; seed++) {
  const grammar = parseGrammar(randomText(seed));
  const { maximumLength } = new Pcfg(grammar);
  if (maximumLength > 1 && maximumLength <= LONGEST) GRAMMARS.push([seed, grammar]);
}

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < found.length; i++) {
    expect(Math.abs(found[i]! - expected[i]!), `entry ${i}`).toBeLessThanOrEqual(TOLERANCE);
  }
}

const scaled = (values: ArrayLike<number>) => {
  const total = Array.from(values).reduce((sum, value) => sum + value, 0);
  return Array.from(values, (value) => value / total);
};

/** Every sentence over a vocabulary, up to a length. */
function strings(vocabulary: number, longest: number): number[][] {
  let latest: number[][] = [[]];
  return Array.from({ length: longest }, () => {
    latest = latest.flatMap((start) => Array.from({ length: vocabulary }, (_, word) => [...start, word]));
    return latest;
  }).flat();
}

describe.each(GRAMMARS)("a random grammar (%i) against enumeration", (_, grammar) => {
  const language = new Pcfg(grammar);
  const yields = yieldsOf(grammar);
  const sentences = yields[0]!;
  const vocabulary = grammar.words.length;

  test("sentences add up to 1, and each has its probability", () => {
    let total = 0;
    for (const [key, probability] of sentences) {
      const found = Math.exp(language.logProbability(wordsOf(key)));
      expect(Math.abs(found - probability)).toBeLessThanOrEqual(TOLERANCE);
      total += found;
    }
    expect(Math.abs(total - 1)).toBeLessThanOrEqual(TOLERANCE);
    expect(language.maximumLength).toBe(Math.max(...[...sentences.keys()].map((key) => wordsOf(key).length)));
    const impossible = strings(vocabulary, 3).filter((words) => !sentences.has(words.join(" ")));
    for (const words of impossible) expect(language.logProbability(words)).toBe(-Infinity);
  });

  test("inside probabilities of every non-terminal, up to a factor", () => {
    for (const words of strings(vocabulary, 3)) {
      const exact = yields.map((each) => each.get(words.join(" ")) ?? 0);
      const found = language.inside(words);
      if (words.length > language.maximumLength || exact.every((p) => p === 0)) {
        expect([...found].every((value) => value === 0)).toBe(true);
        expect(language.mostLikelyParent(words)).toBeNull();
        continue;
      }
      expectClose(scaled(found), scaled(exact));
      const best = language.mostLikelyParent(words)!;
      expect(exact[best]!).toBeGreaterThanOrEqual(Math.max(...exact) * (1 - TOLERANCE));
    }
  });

  test("conditionals of one, two and all hidden words", () => {
    for (const key of [...sentences.keys()].slice(0, 40)) {
      const words = wordsOf(key);
      const masks = words.map((_, t) => [t, (t * 2 + 1) % words.length]);
      const patterns = [...words.map((_, t) => [t]), ...masks, words.map((_, t) => t)];
      for (const pattern of patterns) {
        const hidden = words.map((word, t) => (pattern.includes(t) ? HIDDEN : word));
        const found = language.conditionals(hidden);
        const exact = conditionalsOf(sentences, hidden, vocabulary);
        expect(found).toHaveLength(exact.length);
        found.forEach((row, i) => expectClose(row, exact[i]!));
      }
      expect(language.conditionals(words)).toEqual([]);
    }
  });
});

test("the random grammars hold what they are meant to", () => {
  const all = GRAMMARS.map(([, grammar]) => grammar);
  const unaryAfterUnary = all.some(({ phrases }) =>
    phrases.some(
      ({ left, right }) => right < 0 && phrases.some((next) => next.parent === left && next.right < 0),
    ),
  );
  const wordsAbove = all.some(({ phrases, lexicon }) =>
    lexicon.some(({ parent }) => phrases.some((rule) => rule.parent === parent)),
  );
  const repeated = GRAMMARS.some(([seed]) => {
    const rules = randomText(seed)
      .split("\n")
      .map((line) => line.slice(0, line.lastIndexOf(" ")));
    return new Set(rules).size < rules.length;
  });
  const ambiguous = all.some(
    ({ phrases }) => new Set(phrases.map(({ parent }) => parent)).size < phrases.length,
  );
  expect([unaryAfterUnary, wordsAbove, repeated, ambiguous]).toEqual([true, true, true, true]);
});

test("several hidden words do not see each other", () => {
  const language = new Pcfg(parseGrammar("S X X 0.5\nS Y Y 0.5\nX a 1\nY b 1"));
  const [first, second] = language.conditionals([HIDDEN, HIDDEN]);
  expect([...first!, ...second!]).toEqual([0.5, 0.5, 0.5, 0.5]);
  expect(language.conditionals([0, HIDDEN]).map((row) => [...row])).toEqual([[1, 0]]);
});

test("the most likely parent is chosen among candidates", () => {
  const language = new Pcfg(parseGrammar("S A 0.2\nS B 0.5\nS C 0.3\nA x 1\nB x 0.3\nB y 0.7\nC y 1"));
  const [, A, B, C] = [0, 1, 2, 3];
  expect(language.mostLikelyParent([0])).toBe(A);
  expect(language.mostLikelyParent([0], [B, C])).toBe(B);
  expect(language.mostLikelyParent([0], [C])).toBeNull();
  expect(language.mostLikelyParent([0], [])).toBeNull();
  expect(language.mostLikelyParent([HIDDEN], [0])).toBe(0);
});

test("sentences that cannot be are told apart from words that are not", () => {
  const language = new Pcfg(parseGrammar("S A B 1\nA a 1\nB b 1"));
  expect(() => language.conditionals([HIDDEN, 0])).toThrow("cannot produce '[…] a'");
  expect(() => language.conditionals([HIDDEN])).toThrow("cannot produce '[…]'");
  expect(() => language.conditionals(new Array(100_000).fill(HIDDEN))).toThrow(/\(100000 words\)/);
  expect(language.logProbability(new Array(100_000).fill(0))).toBe(-Infinity);
  expect(language.mostLikelyParent(new Array(100_000).fill(0))).toBeNull();
  for (const word of [2, -2, 0.5, NaN, Infinity]) {
    expect(() => language.conditionals([HIDDEN, word])).toThrow(
      `has 2 words, numbered from 0; it has no word ${word}`,
    );
    expect(() => language.logProbability([0, word])).toThrow(LanguageError);
    expect(() => language.inside([word])).toThrow(LanguageError);
  }
  expect(() => language.conditionals([])).toThrow("without words");
});

test("a chart is no worse for what was in it before", () => {
  const grammar = parseGrammar("S A B 0.5\nS A 0.5\nB A A 0.5\nB b 0.5\nA a 0.5\nA b 0.5");
  const used = new Pcfg(grammar);
  const sentences = [[0, 1, 0], [0], [1, 0], [0, 0, 0], [HIDDEN, HIDDEN, 0], [HIDDEN], [0, HIDDEN]];
  for (const sentence of [...sentences, ...sentences.toReversed()]) {
    expect(used.logProbability(sentence)).toBe(new Pcfg(grammar).logProbability(sentence));
    expect(used.conditionals(sentence)).toEqual(new Pcfg(grammar).conditionals(sentence));
  }
});

test("grammars that were put together by hand are checked", () => {
  const rules = { phrases: [], lexicon: [{ parent: 0, word: 0, probability: 1 }] };
  expect(() => new Pcfg({ nonterminals: ["S", "A"], words: ["a"], ...rules })).toThrow("'A' has no rules");
  expect(() => new Pcfg({ nonterminals: [], words: [], phrases: [], lexicon: [] })).toThrow(LanguageError);
});
