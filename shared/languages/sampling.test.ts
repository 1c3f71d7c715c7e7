/** What is drawn is distributed as the rules say, by χ² at fixed seeds. */
import { describe, expect, test } from "vitest";
import { chiSquare, chiSquareScore, together, type ChiSquare } from "../../test/support/chi-square.ts";
import { wordsOf, yieldsOf } from "../../test/support/enumerate-language.ts";
import { RandomStream } from "../random.ts";
import { randomGrammar, randomHmm } from "./generate.ts";
import { bottomUp, meanYields } from "./grammar-shape.ts";
import { parseGrammar, type Grammar } from "./grammar.ts";
import { Hmm } from "./hmm.ts";
import { Categorical } from "./language.ts";
import { Pcfg } from "./pcfg.ts";

/** A standard normal number is beyond this once in four thousand times. */
const FAR = 3.5;

const fits = (test: ChiSquare) => expect(chiSquareScore(test)).toBeLessThan(FAR);

const SMALL = parseGrammar(
  "S A B 0.35\nS A 0.15\nS B A 0.4\nS x 0.1\nA B B 0.5\nA B 0.2\nA y 0.3\nB x 0.25\nB y 0.35\nB z 0.4",
);
const LAYERED = randomGrammar(
  {
    roots: 5,
    levels: 4,
    nonterminalsPerLevel: 6,
    pairsPerNonterminal: 5,
    wordProbability: 0.2,
    words: 30,
    wordsPerNonterminal: 8,
  },
  3,
);

/**
 * The grammar with every rule leaving a mark: A → B C becomes A → mark X and X → B C, so that a sentence tells which rules
 * made it. Word r of it is rule r: phrases first, then lexical rules.
 */
function marked({ nonterminals, phrases, lexicon }: Grammar): Grammar {
  const count = nonterminals.length;
  const rules = [...phrases, ...lexicon];
  return {
    nonterminals: [...nonterminals, ...phrases.flatMap((_, r) => [`mark${r}`, `rest${r}`])],
    words: rules.map((_, r) => `rule${r}`),
    phrases: phrases.flatMap(({ parent, left, right, probability }, r) => [
      { parent, left: count + 2 * r, right: count + 2 * r + 1, probability },
      { parent: count + 2 * r + 1, left, right, probability: 1 },
    ]),
    lexicon: [
      ...phrases.map((_, r) => ({ parent: count + 2 * r, word: r, probability: 1 })),
      ...lexicon.map(({ parent, probability }, r) => ({ parent, word: phrases.length + r, probability })),
    ],
  };
}

/** χ² of how often each symbol's rules are taken. */
function ruleFrequencies(grammar: Grammar, sentences: number, claimed: Grammar = grammar): ChiSquare {
  const language = new Pcfg(marked(grammar));
  const rules = [...claimed.phrases, ...claimed.lexicon];
  const counts = new Float64Array(rules.length);
  for (let i = 0; i < sentences; i++) {
    for (const rule of language.sample(new RandomStream(4, i)).words) counts[rule]!++;
  }
  return together(
    claimed.nonterminals.map((_, symbol) => {
      const own = rules.flatMap(({ parent }, r) => (parent === symbol ? [r] : []));
      return chiSquare(
        own.map((r) => counts[r]!),
        own.map((r) => rules[r]!.probability),
      );
    }),
  );
}

describe("grammars", () => {
  test("whole sentences", () => {
    const language = new Pcfg(SMALL);
    const exact = [...yieldsOf(SMALL)[0]!];
    const index = new Map(exact.map(([key], i) => [key, i]));
    const counts = new Float64Array(exact.length);
    for (let i = 0; i < 40_000; i++) {
      counts[index.get(language.sample(new RandomStream(1, i)).words.join(" "))!]!++;
    }
    const result = chiSquare(
      counts,
      exact.map(([, probability]) => probability),
    );
    expect(result.degrees).toBeGreaterThan(30);
    fits(result);
  });

  test.each([
    ["small", SMALL, 20_000],
    ["layered", LAYERED, 6000],
  ])("rules, of a %s one", (_, grammar, sentences) => {
    const result = ruleFrequencies(grammar, sentences);
    expect(result.degrees).toBeGreaterThan(5);
    fits(result);
  });

  test("rules that are a little different are found out", () => {
    const claimed = {
      ...SMALL,
      lexicon: SMALL.lexicon.map((rule) => {
        const change = SMALL.words[rule.word] === "y" ? 0.02 : -0.02;
        return rule.parent === 2 && SMALL.words[rule.word] !== "x"
          ? { ...rule, probability: rule.probability + change }
          : rule;
      }),
    };
    expect(chiSquareScore(ruleFrequencies(SMALL, 40_000, claimed))).toBeGreaterThan(2 * FAR);
  });

  test("lengths and words, of a small one", () => {
    const language = new Pcfg(SMALL);
    const exact = [...yieldsOf(SMALL)[0]!].map(([key, probability]) => [wordsOf(key), probability] as const);
    const lengths = { counts: new Float64Array(5), probabilities: new Float64Array(5) };
    const last = { counts: new Float64Array(3), probabilities: new Float64Array(3) };
    for (const [words, probability] of exact) {
      lengths.probabilities[words.length]! += probability;
      last.probabilities[words.at(-1)!]! += probability;
    }
    for (let i = 0; i < 20_000; i++) {
      const { words } = language.sample(new RandomStream(2, i));
      lengths.counts[words.length]!++;
      last.counts[words.at(-1)!]!++;
    }
    fits(chiSquare(lengths.counts, lengths.probabilities));
    fits(chiSquare(last.counts, last.probabilities));
  });

  test("lengths and first words, of a layered one", () => {
    const language = new Pcfg(LAYERED);
    const order = bottomUp(LAYERED);
    const { words, phrases, lexicon, nonterminals } = LAYERED;
    // p(length) and p(first word) of what each symbol derives.
    const lengths = nonterminals.map(() => new Float64Array(language.maximumLength + 1));
    const firsts = nonterminals.map(() => new Float64Array(words.length));
    for (const symbol of order) {
      for (const { parent, word, probability } of lexicon) {
        if (parent !== symbol) continue;
        lengths[symbol]![1]! += probability;
        firsts[symbol]![word]! += probability;
      }
      for (const { parent, left, right, probability } of phrases) {
        if (parent !== symbol) continue;
        firsts[left]!.forEach((p, word) => (firsts[symbol]![word]! += probability * p));
        const second = right < 0 ? [1] : lengths[right]!;
        lengths[left]!.forEach((p, n) => {
          second.forEach(
            (q, m) => p * q > 0 && (lengths[symbol]![n + (right < 0 ? 0 : m)]! += probability * p * q),
          );
        });
      }
    }
    const counts = {
      length: new Float64Array(language.maximumLength + 1),
      first: new Float64Array(words.length),
    };
    let total = 0;
    const sentences = 8000;
    for (let i = 0; i < sentences; i++) {
      const sentence = language.sample(new RandomStream(3, i)).words;
      counts.length[sentence.length]!++;
      counts.first[sentence[0]!]!++;
      total += sentence.length;
    }
    fits(chiSquare(counts.length, lengths[0]!));
    fits(chiSquare(counts.first, firsts[0]!));
    const mean = meanYields(LAYERED, order)[0]!;
    const variance = lengths[0]!.reduce((sum, p, n) => sum + p * (n - mean) ** 2, 0);
    expect(mean).toBeCloseTo(
      lengths[0]!.reduce((sum, p, n) => sum + p * n, 0),
      10,
    );
    expect(Math.abs(total / sentences - mean)).toBeLessThan(FAR * Math.sqrt(variance / sentences));
  });
});

describe("hidden Markov models", () => {
  const parameters = randomHmm(
    { states: 6, words: 9, minimumLength: 2, maximumLength: 5, transitionSpread: 1, emissionSpread: 1 },
    8,
  );
  const language = new Hmm({ ...parameters, lengths: [0.1, 0, 0.2, 0.3, 0.4] });

  test("lengths, first states, transitions and words", () => {
    const zeros = (rows: number, columns: number) =>
      Array.from({ length: rows }, () => new Float64Array(columns));
    const [lengths, initial] = [new Float64Array(5), new Float64Array(6)];
    const [transitions, emissions] = [zeros(6, 6), zeros(6, 9)];
    for (let i = 0; i < 8000; i++) {
      const { words, states } = language.sample(new RandomStream(6, i));
      expect(states).toHaveLength(words.length);
      lengths[words.length - 1]!++;
      initial[states![0]!]!++;
      states!.forEach((state, t) => {
        emissions[state]![words[t]!]!++;
        if (t > 0) transitions[states![t - 1]!]![state]!++;
      });
    }
    fits(chiSquare(lengths, language.parameters.lengths));
    fits(chiSquare(initial, parameters.initial));
    fits(together(transitions.map((row, state) => chiSquare(row, parameters.transitions[state]!))));
    fits(together(emissions.map((row, state) => chiSquare(row, parameters.emissions[state]!))));
    // The rows differ: another state's would not fit.
    const wrong = together(
      emissions.map((row, state) => chiSquare(row, parameters.emissions[(state + 1) % 6]!)),
    );
    expect(chiSquareScore(wrong)).toBeGreaterThan(10 * FAR);
  });
});

test("a distribution with zeros at both ends and very different weights", () => {
  const weights = [0, 3, 0, 0, 1e-3, 5, 2, 0];
  const choice = new Categorical(weights);
  const counts = new Float64Array(weights.length);
  const random = new RandomStream(7);
  for (let i = 0; i < 100_000; i++) counts[choice.draw(random)]!++;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  fits(
    chiSquare(
      counts,
      weights.map((weight) => weight / total),
    ),
  );
  expect(new Categorical([4]).draw(random)).toBe(0);
});
