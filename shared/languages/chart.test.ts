/** Long sentences, whose probabilities are far outside the range of doubles. */
import { describe, expect, test } from "vitest";
import { RandomStream } from "../random.ts";
import { bottomUp } from "./grammar-shape.ts";
import { parseGrammar, type Grammar } from "./grammar.ts";
import { HIDDEN } from "./language.ts";
import { Pcfg } from "./pcfg.ts";

/** log(eᵃ + eᵇ). */
function logAdd(a: number, b: number): number {
  const [high, low] = a > b ? [a, b] : [b, a];
  return high === -Infinity ? high : high + Math.log1p(Math.exp(low - high));
}

/** log p(sentence) by the inside algorithm on logarithms: slow, but nothing can underflow. */
function logInside(grammar: Grammar, sentence: readonly number[]): number {
  const { nonterminals, phrases, lexicon } = grammar;
  const order = bottomUp(grammar);
  const length = sentence.length;
  const cells = new Map<string, Float64Array>();
  const cell = (start: number, end: number) => cells.get(`${start} ${end}`)!;
  for (let span = 1; span <= length; span++) {
    for (let start = 0; start + span <= length; start++) {
      const logs = new Float64Array(nonterminals.length).fill(-Infinity);
      const add = (symbol: number, log: number) => (logs[symbol] = logAdd(logs[symbol]!, log));
      if (span === 1) {
        for (const { parent, word, probability } of lexicon) {
          if (sentence[start] === word || sentence[start] === HIDDEN) add(parent, Math.log(probability));
        }
      }
      for (let middle = start + 1; middle < start + span; middle++) {
        const [first, second] = [cell(start, middle), cell(middle, start + span)];
        for (const { parent, left, right, probability } of phrases) {
          if (right >= 0) add(parent, Math.log(probability) + first[left]! + second[right]!);
        }
      }
      for (const symbol of order) {
        for (const { parent, left, right, probability } of phrases) {
          if (parent === symbol && right < 0) add(parent, Math.log(probability) + logs[left]!);
        }
      }
      cells.set(`${start} ${start + span}`, logs);
    }
  }
  return cell(0, length)[0]!;
}

/** Levels of three symbols, each with pairs and single symbols of the next one: many ways to split a span. */
function layered(levels: number, seed: number, emissions: string): Grammar {
  const random = new RandomStream(seed, 0, 78);
  const lines = ["S L0_0 L0_1 1"];
  for (let level = 0; level < levels; level++) {
    for (let i = 0; i < 3; i++) {
      const below = () => `L${level + 1}_${random.below(3)}`;
      // One rule of each of them is all but never taken.
      lines.push(`L${level}_${i} ${below()} ${below()} 0.5`, `L${level}_${i} ${below()} ${below()} 0.3`);
      lines.push(`L${level}_${i} ${below()} 0.19999999`, `L${level}_${i} ${below()} ${below()} 0.00000001`);
    }
  }
  for (let i = 0; i < 3; i++) lines.push(...emissions.split("|").map((each) => `L${levels}_${i} ${each}`));
  return parseGrammar(lines.join("\n"));
}

const EMISSIONS: [what: string, emissions: string][] = [
  ["words as usual", "a 0.4|b 0.3|c 0.3"],
  ["a word of probability 1e-60", "a 0.5|b 0.5|c 1e-60"],
  ["words of 1e-200 and 1e-30", "a 1|b 1e-200|c 1e-30"],
];

describe.each(EMISSIONS)("long sentences with %s", (_, emissions) => {
  test.each([1, 2, 3])("agree with sums of logarithms (grammar %i)", (seed) => {
    const grammar = layered(5, seed, emissions);
    const language = new Pcfg(grammar);
    expect(language.maximumLength).toBe(64);
    for (let i = 0; i < 3; i++) {
      const random = new RandomStream(seed, i, 79);
      const { words: drawn } = language.sample(random);
      // Any word can stand anywhere, so that rare ones come in runs and alone.
      const words = drawn.map((word, t) => (t % 7 < 2 * i ? random.below(3) : word));
      const position = random.below(words.length);
      const with_ = (word: number) => words.map((each, t) => (t === position ? word : each));
      const logs = [0, 1, 2].map((word) => logInside(grammar, with_(word)));
      [0, 1, 2].forEach((word) => {
        const found = language.logProbability(with_(word));
        expect(Math.abs(found - logs[word]!)).toBeLessThan(1e-12 * Math.abs(found));
      });
      const total = logs.reduce(logAdd);
      const [conditional] = language.conditionals(with_(HIDDEN));
      logs.forEach((log, word) => expect(conditional![word]!).toBeCloseTo(Math.exp(log - total), 9));
      expect(conditional!.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
      expect(language.logProbability(with_(HIDDEN))).toBeCloseTo(total, 9);
    }
  });
});

describe("sentences of 300 words", () => {
  const lines = ["S D256 R44 1", "R44 D32 R12 1", "R12 D8 D4 1"];
  for (let size = 256; size > 1; size /= 2) lines.push(`D${size} D${size / 2} D${size / 2} 1`);
  // Nearly all words are the first of a thousand.
  lines.push("D1 often 0.999", ...Array.from({ length: 999 }, (_, i) => `D1 rare${i} ${0.001 / 999}`));
  const language = new Pcfg(parseGrammar(lines.join("\n")));
  const rare = Math.log(0.001 / 999);
  const sentences: [what: string, word: number, logProbability: number][] = [
    ["likely words", 0, 300 * Math.log(0.999)],
    ["unlikely words", 7, 300 * rare],
    ["hidden words", HIDDEN, 0],
  ];

  test.each(sentences)("%s", (_, word, logProbability) => {
    const words = new Array<number>(300).fill(word);
    expect(language.logProbability(words)).toBeCloseTo(logProbability, 8);
    const conditionals = language.conditionals(words.with(150, HIDDEN));
    expect(conditionals).toHaveLength(word === HIDDEN ? 300 : 1);
    for (const conditional of conditionals) {
      expect(conditional[0]).toBeCloseTo(0.999, 12);
      expect(conditional[500]).toBeCloseTo(0.001 / 999, 15);
    }
    expect(language.logProbability(words.slice(1))).toBe(-Infinity);
  });

  test("drawn ones", () => {
    const { words } = language.sample(new RandomStream(5));
    expect(words).toHaveLength(300);
    const unlikely = words.filter((word) => word > 0).length;
    const expected = (300 - unlikely) * Math.log(0.999) + unlikely * rare;
    expect(language.logProbability(words)).toBeCloseTo(expected, 8);
  });
});

test("splits of very different probability: the likely one leads nowhere", () => {
  // 'x x' is A B with a probability of 1, and C C with one of 1e-200; only the latter can come before 'y'.
  const text = "S P 0.5\nS Q Y 0.5\nP A B 1\nA x 1\nB x 1\nQ C C 1\nC x 1e-100\nC z 1\nY y 1";
  const language = new Pcfg(parseGrammar(text));
  const [x, y] = ["x", "y"].map((word) => language.words.indexOf(word));
  expect(language.logProbability([x!, x!, y!])).toBeCloseTo(Math.log(0.5) - 200 * Math.LN10, 8);
  expect([...language.conditionals([x!, x!, HIDDEN])[0]!]).toEqual([
    ...language.words.map((word) => Number(word === "y")),
  ]);
});

// 'x y y y y y y z' is 1e-480 by way of L, while other splits hold likely spans that no rule joins; and its mirror image.
test.each(["first", "last"])("a split that leads somewhere, all but impossible, comes %s", (place) => {
  const flip = place === "first";
  const pair = (left: string, right: string) => (flip ? `${right} ${left}` : `${left} ${right}`);
  const lines = [`S ${pair("L", "Z")} 1`, "L P6 0.5", "L X 0.5", `R0 ${pair("Y", "Z")} 1`];
  for (let i = 1; i < 6; i++) lines.push(`R${i} ${pair("Y", `R${i - 1}`)} 1`);
  for (let i = 2; i <= 6; i++) lines.push(`P${i} ${pair(`P${i - 1}`, "T")} 1`);
  lines.push(`P1 ${pair("X", "T")} 1`, "X x 1", "Y y 1", "Z z 1", "T y 1e-80", "T v 1");
  const language = new Pcfg(parseGrammar(lines.join("\n")));
  const sentence = "x y y y y y y z".split(" ").map((word) => language.words.indexOf(word));
  if (flip) sentence.reverse();
  expect(language.logProbability(sentence)).toBeCloseTo(Math.log(0.5) - 480 * Math.LN10, 8);
  sentence.forEach((word, position) => {
    const [conditional] = language.conditionals(sentence.with(position, HIDDEN));
    const likeliest = language.words[word] === "y" ? "v" : language.words[word]!;
    expect(language.words[conditional!.indexOf(Math.max(...conditional!))]).toBe(likeliest);
    expect(conditional!.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
    if (likeliest === "v") expect(conditional![word]! / 1e-80).toBeCloseTo(1, 9);
  });
});
