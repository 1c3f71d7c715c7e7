import { describe, expect, test } from "vitest";
import { conditionalsOf, pathsOf, wordsOf } from "../../test/support/enumerate-language.ts";
import { RandomStream } from "../random.ts";
import { randomHmm } from "./generate.ts";
import { Hmm, type HmmParameters } from "./hmm.ts";
import { HIDDEN, LanguageError } from "./language.ts";

/** At most this far from what enumeration gives. */
const TOLERANCE = 1e-12;

const shape = (states: number, words: number, maximumLength: number) => ({
  states,
  words,
  minimumLength: 1,
  maximumLength,
  transitionSpread: 1.5,
  emissionSpread: 1.5,
});

/** Two states that must alternate, and words that only one of them has. */
const STRICT: HmmParameters = {
  words: ["a", "b", "c"],
  initial: [0.25, 0.75],
  transitions: [
    [0, 1],
    [0.9, 0.1],
  ],
  emissions: [
    [0.5, 0.5, 0],
    [0, 0.2, 0.8],
  ],
  lengths: [0.1, 0, 0.3, 0.6],
};

const MODELS: [what: string, parameters: HmmParameters][] = [
  ["3 states, 3 words", randomHmm(shape(3, 3, 4), 1)],
  ["4 states, 2 words", randomHmm(shape(4, 2, 5), 2)],
  ["2 states, 5 words", randomHmm(shape(2, 5, 4), 3)],
  ["1 state, 4 words", randomHmm(shape(1, 4, 4), 4)],
  ["many zeros", STRICT],
];

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < found.length; i++) {
    expect(Math.abs(found[i]! - expected[i]!), `entry ${i}`).toBeLessThanOrEqual(TOLERANCE);
  }
}

describe.each(MODELS)("%s, against enumeration", (_, parameters) => {
  const language = new Hmm(parameters);
  const sentences = new Map<string, number>();
  /** Joint with the state at each position: [key][position][state]. */
  const joint = new Map<string, number[][]>();
  for (const [words, states, probability] of pathsOf(parameters)) {
    const key = words.join(" ");
    sentences.set(key, (sentences.get(key) ?? 0) + probability);
    const rows = joint.get(key) ?? words.map(() => new Array<number>(language.states).fill(0));
    states.forEach((state, t) => (rows[t]![state]! += probability));
    joint.set(key, rows);
  }

  test("sentences add up to 1, and each has its probability", () => {
    let total = 0;
    for (const [key, probability] of sentences) {
      const words = wordsOf(key);
      const found = Math.exp(language.logProbability(words)) * parameters.lengths[words.length - 1]!;
      expect(Math.abs(found - probability)).toBeLessThanOrEqual(TOLERANCE);
      total += found;
    }
    expect(Math.abs(total - 1)).toBeLessThanOrEqual(TOLERANCE);
  });

  test("conditionals of one, two and all hidden words", () => {
    for (const key of [...sentences.keys()].slice(0, 120)) {
      const words = wordsOf(key);
      const pairs = words.map((_, t) => [t, (t * 2 + 1) % words.length]);
      for (const pattern of [...words.map((_, t) => [t]), ...pairs, words.map((_, t) => t)]) {
        const hidden = words.map((word, t) => (pattern.includes(t) ? HIDDEN : word));
        const found = language.conditionals(hidden);
        const exact = conditionalsOf(sentences, hidden, parameters.words.length);
        expect(found).toHaveLength(exact.length);
        found.forEach((row, i) => expectClose(row, exact[i]!));
      }
      expect(language.conditionals(words)).toEqual([]);
    }
  });

  test("states behind words", () => {
    for (const [key, rows] of [...joint].slice(0, 200)) {
      rows.forEach((row, position) => {
        const total = sentences.get(key)!;
        expectClose(
          language.statePosterior(wordsOf(key), position),
          row.map((probability) => probability / total),
        );
      });
    }
  });
});

test("a sentence of 300 unlikely words agrees with sums of logarithms", () => {
  const parameters: HmmParameters = {
    words: ["often", "rare", "rarer"],
    initial: [0.5, 0.5],
    transitions: [
      [0.99, 0.01],
      [0.3, 0.7],
    ],
    emissions: [
      [1 - 1e-30, 1e-30, 0],
      [0.5, 0.5 - 1e-60, 1e-60],
    ],
    lengths: [...new Array<number>(299).fill(0), 1],
  };
  const language = new Hmm(parameters);
  const logAdd = (a: number, b: number) => {
    const high = Math.max(a, b);
    return high === -Infinity ? high : high + Math.log(Math.exp(a - high) + Math.exp(b - high));
  };
  const logForward = (sentence: readonly number[]) => {
    let row = parameters.initial.map(Math.log);
    sentence.forEach((word, t) => {
      if (t > 0) {
        const before = row;
        row = row.map((_, to) =>
          before.map((log, from) => log + Math.log(parameters.transitions[from]![to]!)).reduce(logAdd),
        );
      }
      row = row.map((log, state) => log + Math.log(parameters.emissions[state]![word]!));
    });
    return row.reduce(logAdd);
  };
  const words: number[] = Array.from({ length: 300 }, (_, t) => (t % 5 === 0 ? 2 : t % 3 === 0 ? 1 : 0));
  expect(language.logProbability(words)).toBeLessThan(-5000);
  expect(language.logProbability(words)).toBeCloseTo(logForward(words), 7);
  for (const position of [0, 1, 137, 299]) {
    const logs = [0, 1, 2].map((word) => logForward(words.with(position, word)));
    const total = logs.reduce(logAdd);
    const [conditional] = language.conditionals(words.with(position, HIDDEN));
    logs.forEach((log, word) => expect(conditional![word]!).toBeCloseTo(Math.exp(log - total), 9));
  }
});

test("what the model cannot produce", () => {
  const language = new Hmm(STRICT);
  const a = 0;
  expect(language.logProbability([a, a])).toBe(-Infinity);
  expect(() => language.conditionals([a, a, HIDDEN])).toThrow("cannot produce 'a a […]'");
  expect(() => language.statePosterior([a, a, a], 0)).toThrow(LanguageError);
  // Sentences have one, three or four words.
  expect(() => language.conditionals([a, HIDDEN])).toThrow(LanguageError);
  expect(() => language.conditionals(new Array(1000).fill(HIDDEN))).toThrow("(1000 words)");
  expect(language.conditionals([HIDDEN])).toHaveLength(1);
  for (const word of [3, -2, 1.5, NaN]) {
    expect(() => language.logProbability([a, word])).toThrow(`numbered from 0; it has no word ${word}`);
  }
  expect(() => language.conditionals([])).toThrow("without words");
  for (const position of [-1, 1, 0.5, NaN]) {
    expect(() => language.statePosterior([a], position)).toThrow("has no position");
  }
});

test("lengths that never come up do not count", () => {
  const language = new Hmm({ ...STRICT, lengths: [0, 0.5, 0.5, 0, 0] });
  expect(language.maximumLength).toBe(3);
  const lengths = Array.from({ length: 200 }, (_, i) => language.sample(new RandomStream(1, i)).words.length);
  expect(new Set(lengths)).toEqual(new Set([2, 3]));
});

const BAD: [what: string, change: Partial<HmmParameters>, message: RegExp][] = [
  ["no states", { initial: [], transitions: [], emissions: [] }, /at least one state/],
  ["no words", { words: [], emissions: [[], []] }, /at least one state, one word/],
  ["no lengths", { lengths: [] }, /one length/],
  ["a missing row", { transitions: [[0, 1]] }, /2 states, but 1 rows of transitions and 2 of emissions/],
  [
    "a ragged row",
    { transitions: [[0, 1], [1]] },
    /Row 1 of the transitions: 1 values where 2 were expected/,
  ],
  ["too many words", { words: ["a", "b"] }, /Row 0 of the emissions: 3 values where 2 were expected/],
  ["a negative", { initial: [-0.5, 1.5] }, /The initial probabilities: every value must be a probability/],
  ["not a number", { initial: [NaN, 1] }, /every value must be a probability/],
  ["infinite", { lengths: [Infinity] }, /every value must be a probability/],
  ["a sum of 0.9", { initial: [0.5, 0.4] }, /The initial probabilities: the values add up to 0.9, not to 1/],
  ["zeros alone", { initial: [0, 0] }, /add up to 0, not to 1/],
];

test.each(BAD)("parameters with %s are refused", (_, change, message) => {
  expect(() => new Hmm({ ...STRICT, ...change })).toThrow(LanguageError);
  expect(() => new Hmm({ ...STRICT, ...change })).toThrow(message);
});

test("what rounding left is scaled to 1", () => {
  const language = new Hmm({ ...STRICT, initial: [0.3333, 0.6662] });
  const first = Math.exp(language.logProbability([0]));
  expect(first).toBeCloseTo((0.3333 / 0.9995) * 0.5, 15);
});
