import { describe, expect, test } from "vitest";
import { RandomStream } from "../random.ts";
import { randomGrammar, randomHmm, type GrammarShape, type HmmShape } from "./generate.ts";
import { levelSizes } from "./grammar-shape.ts";
import { Hmm } from "./hmm.ts";
import { LanguageError } from "./language.ts";
import { Pcfg } from "./pcfg.ts";

const GRAMMAR: GrammarShape = {
  roots: 4,
  levels: 3,
  nonterminalsPerLevel: 5,
  pairsPerNonterminal: 7,
  wordProbability: 0.15,
  words: 20,
  wordsPerNonterminal: 6,
};
const HMM: HmmShape = {
  states: 7,
  words: 11,
  minimumLength: 3,
  maximumLength: 6,
  transitionSpread: 2,
  emissionSpread: 1,
};

// Made by this very code, before models were trained on what it draws.
const PINNED_PHRASES = [
  { parent: 0, left: 1, right: -1, probability: 0.2837664372527114 },
  { parent: 1, left: 5, right: 7, probability: 1 },
  { parent: 0, left: 2, right: -1, probability: 0.15680450118596184 },
];
const PINNED_LEXICON = [
  { parent: 19, word: 3, probability: 0.22304675080292896 },
  { parent: 19, word: 17, probability: 0.2046703334294382 },
];
const PINNED_SENTENCES = [
  [0, 9, 13, 9, 6, 5, 9, 12],
  [3, 17, 5, 11, 9, 14, 19, 9],
  [13, 16, 19, 19, 17, 16],
];
const PINNED_INITIAL = [0.20079726638807951, 0.01033216371769408];
const PINNED_SAMPLE = { words: [2, 5, 9, 8, 7, 4], states: [4, 6, 6, 6, 1, 3] };

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe("grammars", () => {
  const grammar = randomGrammar(GRAMMAR, 5);
  const { nonterminals, words, phrases, lexicon } = grammar;
  const ofParent = (name: string) => phrases.filter(({ parent }) => nonterminals[parent] === name);

  test("have the shape asked for", () => {
    expect(nonterminals).toHaveLength(1 + 4 + 3 * 5);
    expect(nonterminals.slice(0, 6)).toEqual(["S", "S1", "S2", "S3", "S4", "A1_0"]);
    expect(words).toHaveLength(20);
    expect(ofParent("S").map(({ left, right }) => [nonterminals[left], right])).toEqual(
      ["S1", "S2", "S3", "S4"].map((root) => [root, -1]),
    );
    const roots = ["S1", "S2", "S3", "S4"].map(ofParent);
    expect(roots.every((rules) => rules.length === 1 && rules[0]!.probability === 1)).toBe(true);
    expect(new Set(roots.map(([rule]) => `${rule!.left} ${rule!.right}`)).size).toBe(4);
    for (const level of [1, 2, 3]) {
      for (let i = 0; i < 5; i++) {
        const rules = ofParent(`A${level}_${i}`);
        const own = lexicon.filter(({ parent }) => nonterminals[parent] === `A${level}_${i}`);
        expect(new Set(rules.map(({ left, right }) => `${left} ${right}`)).size).toBe(level < 3 ? 7 : 0);
        expect(new Set(own.map(({ word }) => word)).size).toBe(level < 3 ? 1 : 6);
        if (level < 3) expect(own[0]!.probability).toBe(0.15);
        for (const { left, right } of rules) {
          expect(nonterminals[left]).toMatch(new RegExp(`^A${level + 1}_`));
          expect(nonterminals[right]).toMatch(new RegExp(`^A${level + 1}_`));
        }
      }
    }
    expect(new Pcfg(grammar).maximumLength).toBe(8);
    expect(levelSizes(grammar)?.slice(0, 2)).toEqual([1, 4]);
  });

  test("have probabilities that add up to 1", () => {
    nonterminals.forEach((_, symbol) => {
      const own = [...phrases, ...lexicon].filter(({ parent }) => parent === symbol);
      expect(sum(own.map(({ probability }) => probability))).toBeCloseTo(1, 12);
      expect(own.every(({ probability }) => probability > 0)).toBe(true);
    });
  });

  test("are the same for the same seed, and others for another", () => {
    expect(randomGrammar(GRAMMAR, 5)).toEqual(grammar);
    expect(randomGrammar(GRAMMAR, 6)).not.toEqual(grammar);
  });

  // Corpora and trained models rest on these numbers.
  test("never change", () => {
    expect(phrases.slice(0, 3)).toEqual(PINNED_PHRASES);
    expect(lexicon.slice(-2)).toEqual(PINNED_LEXICON);
    const drawn = [0, 1, 2].map((i) => new Pcfg(grammar).sample(new RandomStream(1, i)).words);
    expect(drawn).toEqual(PINNED_SENTENCES);
  });

  test("may have no words above the last level, and one level alone", () => {
    const flat = randomGrammar({ ...GRAMMAR, levels: 1, wordProbability: 0 }, 1);
    expect(flat.nonterminals).toHaveLength(10);
    expect(new Pcfg(flat).maximumLength).toBe(2);
    const wordless = randomGrammar({ ...GRAMMAR, wordProbability: 0 }, 1);
    expect(new Pcfg(wordless).sample(new RandomStream(1)).words).toHaveLength(8);
  });
});

describe("hidden Markov models", () => {
  const parameters = randomHmm(HMM, 5);

  test("have the shape asked for, and probabilities that add up to 1", () => {
    expect(parameters.words).toHaveLength(11);
    expect(parameters.transitions.map((row) => row.length)).toEqual(new Array(7).fill(7));
    expect(parameters.emissions.map((row) => row.length)).toEqual(new Array(7).fill(11));
    expect(parameters.lengths).toEqual([0, 0, 1 / 4, 1 / 4, 1 / 4, 1 / 4]);
    for (const row of [parameters.initial, ...parameters.transitions, ...parameters.emissions]) {
      expect(sum(row)).toBeCloseTo(1, 12);
      expect(row.every((probability) => probability > 0)).toBe(true);
    }
    expect(new Hmm(parameters).maximumLength).toBe(6);
  });

  test("are the same for the same seed, and never change", () => {
    expect(randomHmm(HMM, 5)).toEqual(parameters);
    expect(randomHmm(HMM, 6)).not.toEqual(parameters);
    expect(parameters.initial.slice(0, 2)).toEqual(PINNED_INITIAL);
    expect(new Hmm(parameters).sample(new RandomStream(1))).toEqual(PINNED_SAMPLE);
  });

  test("are as even as the spread says", () => {
    const even = randomHmm({ ...HMM, transitionSpread: 0, emissionSpread: 0 }, 1);
    for (const p of even.emissions.flat()) expect(p).toBeCloseTo(1 / 11, 15);
    const wide = randomHmm({ ...HMM, states: 300, transitionSpread: 2.5 }, 1);
    // Ratios within a row are those of the weights, whose logarithms have the spread for standard deviation.
    const logs = wide.transitions.map((row) => {
      const values = row.map(Math.log);
      const mean = sum(values) / values.length;
      return sum(values.map((value) => (value - mean) ** 2)) / (values.length - 1);
    });
    // 300 variances of 300 normal numbers each.
    expect(Math.abs(sum(logs) / 300 - 2.5 ** 2)).toBeLessThan(
      (4 * 2.5 ** 2 * Math.sqrt(2 / 299)) / Math.sqrt(300),
    );
  });
});

const BAD_GRAMMARS: [change: Partial<GrammarShape>, message: RegExp][] = [
  [{ roots: 26 }, /26 distinct pairs for roots, but there are only 25/],
  [{ pairsPerNonterminal: 26 }, /26 distinct pairs of non-terminals, but there are only 25/],
  [{ wordsPerNonterminal: 21 }, /21 distinct words, but there are only 20/],
  [{ roots: 0 }, /roots is 0; it must be a whole number from 1/],
  [{ levels: 2.5 }, /levels is 2.5; it must be a whole number from 1 to 9/],
  [{ levels: 10 }, /levels is 10/],
  [{ nonterminalsPerLevel: 1e6 }, /nonterminalsPerLevel is 1000000/],
  [{ wordProbability: 1 }, /wordProbability is 1/],
  [{ wordProbability: -0.1 }, /wordProbability is -0.1; it must be a number from 0/],
  [{ wordProbability: NaN }, /wordProbability is NaN/],
  [{ words: Infinity }, /words is Infinity/],
  [{ wordsPerNonterminal: 0 }, /wordsPerNonterminal is 0/],
];

test.each(BAD_GRAMMARS)("a grammar with %o is refused", (change, message) => {
  expect(() => randomGrammar({ ...GRAMMAR, ...change }, 1)).toThrow(LanguageError);
  expect(() => randomGrammar({ ...GRAMMAR, ...change }, 1)).toThrow(message);
});

const BAD_HMMS: [change: Partial<HmmShape>, message: RegExp][] = [
  [{ states: 0 }, /states is 0/],
  [{ words: 1.5 }, /words is 1.5/],
  [{ minimumLength: 0 }, /minimumLength is 0/],
  [{ minimumLength: 7 }, /least length is 7, which is more than the greatest, 6/],
  [{ emissionSpread: 1000 }, /emissionSpread is 1000/],
  [{ transitionSpread: NaN }, /transitionSpread is NaN/],
  [{ states: 2000, words: 100_000 }, /more than 16777216 probabilities/],
];

test.each(BAD_HMMS)("a hidden Markov model with %o is refused", (change, message) => {
  expect(() => randomHmm({ ...HMM, ...change }, 1)).toThrow(LanguageError);
  expect(() => randomHmm({ ...HMM, ...change }, 1)).toThrow(message);
});
