/** Random languages of a given shape, from a seed. */
import { RandomStream } from "../random.ts";
import type { Grammar, LexicalRule, PhraseRule } from "./grammar.ts";
import { LanguageError } from "./language.ts";
import type { HmmParameters } from "./hmm.ts";

/** The shape of the paper's grammar: S → one of several roots → two symbols of level 1 → … → words. */
export interface GrammarShape {
  /** S1, S2, …: each derives one pair of first-level symbols. */
  readonly roots: number;
  /** Levels of non-terminals below the roots; the last has words only. */
  readonly levels: number;
  readonly nonterminalsPerLevel: number;
  /** Distinct binary rules of each symbol above the last level. */
  readonly pairsPerNonterminal: number;
  /** Probability that a symbol above the last level is a single word. */
  readonly wordProbability: number;
  readonly words: number;
  /** Distinct words of each symbol of the last level. */
  readonly wordsPerNonterminal: number;
}

/** @throws LanguageError where the shape asks for more distinct pairs or words than there are. */
export function randomGrammar(shape: GrammarShape, seed: number): Grammar {
  assertWithin(shape, GRAMMAR_LIMITS);
  const { roots, levels, nonterminalsPerLevel: width } = shape;
  assertAtMost(shape.pairsPerNonterminal, width * width, "pairs of non-terminals");
  assertAtMost(shape.wordsPerNonterminal, shape.words, "words");
  assertAtMost(roots, width * width, "pairs for roots");
  const random = new RandomStream(seed, 0, Purpose.grammar);
  const level = (number: number, i: number) => 1 + roots + (number - 1) * width + i;
  const names = (prefix: string, count: number, from: number) =>
    Array.from({ length: count }, (_, i) => `${prefix}${i + from}`);
  const phrases: PhraseRule[] = [];
  const lexicon: LexicalRule[] = [];
  const rootProbabilities = randomDistribution(roots, random);
  const pairsOfRoots = distinct(roots, width * width, random);
  for (let root = 0; root < roots; root++) {
    phrases.push({ parent: 0, left: 1 + root, right: -1, probability: rootProbabilities[root]! });
    const pair = pairsOfRoots[root]!;
    const [left, right] = [level(1, Math.floor(pair / width)), level(1, pair % width)];
    phrases.push({ parent: 1 + root, left, right, probability: 1 });
  }
  for (let number = 1; number < levels; number++) {
    for (let i = 0; i < width; i++) {
      const parent = level(number, i);
      const probabilities = randomDistribution(shape.pairsPerNonterminal, random);
      distinct(shape.pairsPerNonterminal, width * width, random).forEach((pair, r) => {
        const [left, right] = [level(number + 1, Math.floor(pair / width)), level(number + 1, pair % width)];
        phrases.push({ parent, left, right, probability: probabilities[r]! * (1 - shape.wordProbability) });
      });
      if (shape.wordProbability > 0) {
        lexicon.push({ parent, word: random.below(shape.words), probability: shape.wordProbability });
      }
    }
  }
  for (let i = 0; i < width; i++) {
    const probabilities = randomDistribution(shape.wordsPerNonterminal, random);
    distinct(shape.wordsPerNonterminal, shape.words, random).forEach((word, r) => {
      lexicon.push({ parent: level(levels, i), word, probability: probabilities[r]! });
    });
  }
  return {
    nonterminals: [
      "S",
      ...names("S", roots, 1),
      ...Array.from({ length: levels }, (_, l) => names(`A${l + 1}_`, width, 0)).flat(),
    ],
    words: names("w", shape.words, 0),
    phrases,
    lexicon,
  };
}

export interface HmmShape {
  readonly states: number;
  readonly words: number;
  /** Sentences are this long, every length from `minimumLength` on being as likely. */
  readonly minimumLength: number;
  readonly maximumLength: number;
  /** Standard deviation of the log-probabilities of next states: 0 makes all the same, 3 a few of them likely. */
  readonly transitionSpread: number;
  /** The same for words. */
  readonly emissionSpread: number;
}

/** @throws LanguageError where the shape is not one of a hidden Markov model. */
export function randomHmm(shape: HmmShape, seed: number): HmmParameters {
  assertWithin(shape, HMM_LIMITS);
  if (shape.states * (shape.states + shape.words) > MOST_HMM_PROBABILITIES) {
    throw new LanguageError(
      `The shape's ${shape.states} states and ${shape.words} words have more than ${MOST_HMM_PROBABILITIES} ` +
        `probabilities; ask for fewer.`,
    );
  }
  if (shape.minimumLength > shape.maximumLength) {
    throw new LanguageError(
      `The shape's least length is ${shape.minimumLength}, which is more than the greatest, ${shape.maximumLength}.`,
    );
  }
  const random = new RandomStream(seed, 0, Purpose.hmm);
  const row = (size: number, spread: number) => {
    const weights = Array.from({ length: size }, () => Math.exp(spread * random.normal()));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / total);
  };
  const { states, words, minimumLength, maximumLength } = shape;
  return {
    words: Array.from({ length: words }, (_, i) => `w${i}`),
    initial: row(states, shape.transitionSpread),
    transitions: Array.from({ length: states }, () => row(states, shape.transitionSpread)),
    emissions: Array.from({ length: states }, () => row(words, shape.emissionSpread)),
    lengths: Array.from({ length: maximumLength }, (_, i) =>
      i + 1 < minimumLength ? 0 : 1 / (maximumLength - minimumLength + 1),
    ),
  };
}

type Limits<Shape> = {
  readonly [Key in keyof Shape]: readonly [least: number, greatest: number, whole: boolean];
};

/** Shapes come from files of strangers: what is beyond takes minutes to draw, or cannot be sampled. */
const GRAMMAR_LIMITS: Limits<GrammarShape> = {
  roots: [1, 10_000, true],
  // Sentences have up to 2^levels words.
  levels: [1, 9, true],
  nonterminalsPerLevel: [1, 256, true],
  pairsPerNonterminal: [1, 10_000, true],
  wordProbability: [0, 1 - 2 ** -20, false],
  words: [1, 100_000, true],
  wordsPerNonterminal: [1, 100_000, true],
};
const MOST_HMM_PROBABILITIES = 2 ** 24;
const HMM_LIMITS: Limits<HmmShape> = {
  states: [1, 2000, true],
  words: [1, 100_000, true],
  minimumLength: [1, 10_000, true],
  maximumLength: [1, 10_000, true],
  // Weights are exp(spread · normal), which must be finite.
  transitionSpread: [0, 50, false],
  emissionSpread: [0, 50, false],
};

function assertWithin<Shape extends object>(shape: Shape, limits: Limits<Shape>): void {
  for (const [key, [least, greatest, whole]] of Object.entries(limits) as [
    keyof Shape & string,
    Limits<Shape>[keyof Shape],
  ][]) {
    const value = shape[key];
    if (
      typeof value === "number" &&
      value >= least &&
      value <= greatest &&
      (!whole || Number.isInteger(value))
    )
      continue;
    throw new LanguageError(
      `The shape's ${key} is ${String(value)}; it must be a ${whole ? "whole " : ""}number from ${least} to ${greatest}.`,
    );
  }
}

/** Keeps the random numbers of different things apart. */
const Purpose = { grammar: 1, hmm: 2 } as const;

/** Uniform numbers scaled to a sum of 1: few rules are very rare. */
function randomDistribution(size: number, random: RandomStream): number[] {
  const weights = Array.from({ length: size }, () => random.uniform());
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** `count` different whole numbers below `bound`, in random order. */
function distinct(count: number, bound: number, random: RandomStream): number[] {
  return random.shuffle(Array.from({ length: bound }, (_, i) => i)).slice(0, count);
}

function assertAtMost(asked: number, available: number, what: string): void {
  if (asked <= available) return;
  throw new LanguageError(`The shape asks for ${asked} distinct ${what}, but there are only ${available}.`);
}
