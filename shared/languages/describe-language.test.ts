import { expect, test } from "vitest";
import { yieldsOf } from "../../test/support/enumerate-language.ts";
import { describeLanguage } from "./describe-language.ts";
import { parseGrammar } from "./grammar.ts";
import { Hmm } from "./hmm.ts";
import { Pcfg } from "./pcfg.ts";

const describeText = (text: string) => describeLanguage(new Pcfg(parseGrammar(text)));

test("a grammar in levels", () => {
  const shape = describeText("S A 0.5\nS B 0.5\nA C C 1\nB C D 0.75\nB x 0.25\nC x 0.5\nC y 0.5\nD z 1");
  expect(shape).toEqual({
    kind: "pcfg",
    nonterminals: 5,
    levels: [1, 2, 2],
    rules: { binary: 2, unary: 2, lexical: 4 },
    states: null,
    words: 3,
    longestSentence: 2,
    meanLength: 1.875,
    unused: { nonterminals: [], states: [], words: [] },
  });
});

test("a grammar without levels, with parts that no sentence uses", () => {
  const text = "S A B 1\nA B 0.5\nA a 0.5\nB b 1\nC D 0.5\nC a 0.25\nC c 0.25\nD d 1";
  const shape = describeText(text);
  expect(shape.levels).toBeNull();
  expect(shape.unused).toEqual({ nonterminals: ["C", "D"], states: [], words: ["c", "d"] });
});

test("the mean length is that of all sentences", () => {
  const grammar = parseGrammar(
    "S A B 0.35\nS A 0.15\nS B A 0.4\nS x 0.1\nA B B 0.5\nA B 0.2\nA y 0.3\nB x 0.25\nB y 0.35\nB z 0.4",
  );
  let mean = 0;
  for (const [key, probability] of yieldsOf(grammar)[0]!) mean += key.split(" ").length * probability;
  expect(describeLanguage(new Pcfg(grammar)).meanLength).toBeCloseTo(mean, 13);
});

test("a hidden Markov model with states and words out of reach", () => {
  const language = new Hmm({
    words: ["a", "b", "c", "d"],
    initial: [1, 0, 0, 0],
    // 0 → 1 → 2 takes three words, and sentences have two; nothing leads to 3.
    transitions: [
      [0.5, 0.5, 0, 0],
      [0, 0, 1, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 1],
    ],
    emissions: [
      [1, 0, 0, 0],
      [0.5, 0.5, 0, 0],
      [0, 0, 1, 0],
      [0.5, 0, 0, 0.5],
    ],
    lengths: [0.25, 0.75, 0],
  });
  expect(describeLanguage(language)).toEqual({
    kind: "hmm",
    nonterminals: null,
    levels: null,
    rules: null,
    states: 4,
    words: 4,
    longestSentence: 2,
    meanLength: 1.75,
    unused: { nonterminals: [], states: [2, 3], words: ["c", "d"] },
  });
});
