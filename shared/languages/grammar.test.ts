import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RandomStream } from "../random.ts";
import { randomGrammar } from "./generate.ts";
import { formatGrammar, parseGrammar, readGrammar } from "./grammar.ts";
import { LanguageError } from "./language.ts";
import { Pcfg } from "./pcfg.ts";

test("reads rules: what is never on the left is a word", () => {
  expect(parseGrammar("S A B 0.5\nS A 0.25\nS x 0.25\nA y 1\nB x 0.75\nB z 0.25\n")).toEqual({
    nonterminals: ["S", "A", "B"],
    words: ["x", "y", "z"],
    phrases: [
      { parent: 0, left: 1, right: 2, probability: 0.5 },
      { parent: 0, left: 1, right: -1, probability: 0.25 },
    ],
    lexicon: [
      { parent: 0, word: 0, probability: 0.25 },
      { parent: 1, word: 1, probability: 1 },
      { parent: 2, word: 0, probability: 0.75 },
      { parent: 2, word: 2, probability: 0.25 },
    ],
  });
});

test("layout does not matter: line ends, a byte order mark, blanks, comments, empty lines", () => {
  const plain = parseGrammar("S A A 0.5\nS a 0.5\nA b 1");
  const others = [
    "S A A 0.5\r\nS a 0.5\r\nA b 1\r\n",
    "S A A 0.5\rS a 0.5\rA b 1\r",
    "\ufeffS A A 0.5\nS a 0.5\nA b 1",
    "\ufeff# by hand\n\n  S\tA   A  0.5 \n\t\nS a 5e-1 # half\u2028 of them\n#S c 1\nA b 1.0",
    "S A A .5\nS a +0.5\nA b 1.\nS b 0",
  ];
  for (const text of others) expect(parseGrammar(text)).toEqual(plain);
  // A # inside a name is part of it.
  expect(parseGrammar("S a#b 1").words).toEqual(["a#b"]);
});

test("repeated rules add up, and what rounding left is scaled to 1", () => {
  const { grammar, lines, furthest } = readGrammar("S a 0.25\nS b 0.4995\nS a 0.25\nS A 0\nA a 1.0004");
  expect(grammar.lexicon.map(({ probability }) => probability)).toEqual([0.5 / 0.9995, 0.4995 / 0.9995, 1]);
  expect(grammar.phrases).toEqual([]);
  expect(lines).toBe(5);
  expect(furthest.symbol).toBe("S");
  expect(furthest.total).toBeCloseTo(0.9995, 12);
  expect(readGrammar("S a 0.5\nS b 0.5").furthest.total).toBe(1);
});

test("names that objects have as well are names like others", () => {
  const text =
    "__proto__ constructor toString 1\nconstructor hasOwnProperty 1\ntoString valueOf 0.5\ntoString __proto 0.5";
  const grammar = parseGrammar(text);
  expect(grammar.nonterminals).toEqual(["__proto__", "constructor", "toString"]);
  expect(grammar.words).toEqual(["hasOwnProperty", "valueOf", "__proto"]);
  expect(new Pcfg(grammar).maximumLength).toBe(2);
});

const REFUSED: [what: string, text: string, message: RegExp][] = [
  ["nothing", "", /has no rules: one a line/],
  ["blanks and comments", " \n\r\n# S a 1\n\t", /has no rules/],
  ["one field", "S a 1\nS", /^Line 2 of the grammar, 'S', is not 'LHS RHS… probability'/],
  ["two fields", "S 1", /^Line 1 of the grammar, 'S 1', is not/],
  [
    "three on the right",
    "S a 1\n\nS A B C 1",
    /^Line 3 of the grammar: 'S' has 3 symbols on its right; split the rule/,
  ],
  ["no probability", "S a", /is not 'LHS RHS… probability'/],
  ["a word for a probability", "S a b", /^Line 1 of the grammar: 'b' is not a probability between 0 and 1/],
  ["a negative one", "S a -0.5\nS b 1.5", /'-0.5' is not a probability/],
  ["NaN", "S a NaN", /'NaN' is not a probability/],
  ["Infinity", "S a Infinity", /'Infinity' is not a probability/],
  ["1e999", "S a 1e999", /'1e999' is not a probability/],
  ["hexadecimal", "S a 0x1", /'0x1' is not a probability/],
  ["too much", "S a 1.5", /'1.5' is not a probability/],
  ["a decimal comma", "S a 0,5\nS b 0,5", /'0,5' is not a probability/],
  ["a sum of 0.9", "S a 0.5\nS b 0.4", /The probabilities of the rules of 'S' add up to 0.9, not to 1/],
  ["a sum of 1.1, by repetition", "S a 0.55\nS a 0.55", /add up to 1.1, not to 1/],
  ["zeros alone", "S a 0", /add up to 0, not to 1/],
  [
    "a word beside a non-terminal",
    "S A a 1\nA b 1",
    /^Line 1 of the grammar: 'a' has no rules of its own, so it is a word/,
  ],
  ["two words", "S a b 1", /'a' has no rules of its own/],
  ["a very long line", `S ${"a".repeat(1e6)}`, /^Line 1 of the grammar, 'S a{38}…', is not/],
  ["binary", "\u0000\u0001ELF\u0002\ufffd\n\u0000\u0000", /Line 1 of the grammar/],
];

test.each(REFUSED)("%s: refused with the line", (_, text, message) => {
  expect(() => parseGrammar(text)).toThrow(LanguageError);
  expect(() => parseGrammar(text)).toThrow(message);
});

const UNENDING: [what: string, text: string, message: RegExp][] = [
  ["itself", "S S S 0.5\nS a 0.5", /can go round in S → S: its sentences have no greatest length/],
  ["itself alone", "S A 0.5\nS a 0.5\nA A 1", /goes round in A → A without end: no sentence comes of it/],
  ["each other", "S A B 1\nA B B 0.5\nA a 0.5\nB A A 0.1\nB b 0.9", /can go round in (A → B → A|B → A → B)/],
  [
    "each other, words being elsewhere",
    "S A 1\nA B C 1\nB A 1\nC c 1",
    /goes round in A → B → A without end/,
  ],
  [
    "each other, ending by another",
    "S A 1\nA B C 0.5\nA C 0.5\nB A 1\nC c 1",
    /can go round in A → B → A: its/,
  ],
  [
    "a unary cycle",
    "S A 0.5\nS a 0.5\nA B 0.5\nA a 0.5\nB S 1",
    /can go round in .* Unroll it to a fixed depth/,
  ],
];

test.each(UNENDING)("symbols that contain %s are refused", (_, text, message) => {
  const grammar = parseGrammar(text);
  expect(() => new Pcfg(grammar)).toThrow(LanguageError);
  expect(() => new Pcfg(grammar)).toThrow(message);
});

/** Each symbol is two of the next. */
const doubling = (levels: number) =>
  [
    ...Array.from({ length: levels }, (_, i) => `D${i} D${i + 1} D${i + 1} 1`),
    `D${levels} a 0.5`,
    `D${levels} b 0.5`,
  ].join("\n");

describe("large ones", () => {
  test("sentences of 2^60 words and more are refused at once", () => {
    expect(new Pcfg(parseGrammar(doubling(9))).maximumLength).toBe(512);
    const refused: [number, RegExp][] = [
      [10, /longest sentence has 1024 words; at most 512/],
      [60, /has 1.2e\+18 words/],
      [5000, /has more than 1e\+300 words/],
    ];
    for (const [levels, message] of refused) {
      expect(() => new Pcfg(parseGrammar(doubling(levels)))).toThrow(message);
    }
  });

  test("a chart that no memory holds is refused", () => {
    const words = Array.from({ length: 1250 }, (_, i) => `S N${i} 0.0008\nN${i} w${i} 1`);
    expect(() => new Pcfg(parseGrammar(`T D0 S 1\n${doubling(9 - 1)}\n${words.join("\n")}`))).toThrow(
      /1261 non-terminals over sentences of up to 257 words need more memory/,
    );
  });

  test("a chain and a circle of 50,000 symbols", () => {
    const links = Array.from({ length: 50_000 }, (_, i) => `N${i} N${i + 1} 1`).join("\n");
    const chain = new Pcfg(parseGrammar(`${links}\nN50000 a 1`));
    expect(chain.sample(new RandomStream(1)).words).toEqual([0]);
    expect(chain.logProbability([0])).toBe(0);
    expect(() => new Pcfg(parseGrammar(`${links}\nN50000 N0 1`))).toThrow(
      /goes round in N0 → N1 → N2 → … → N49999 → N50000 → N0 without end/,
    );
    expect(() => new Pcfg(parseGrammar(`${links}\nN50000 N0 0.5\nN50000 a 0.5`))).toThrow(
      /no greatest length/,
    );
  });

  // Anything quadratic would run into the time limit.
  test("100,000 rules, read, written and sampled", () => {
    const lines = Array.from({ length: 50_000 }, (_, i) => `S N${i} ${1 / 50_000}\nN${i} w${i} 1`);
    const text = lines.join("\n");
    const grammar = parseGrammar(text);
    const language = new Pcfg(grammar);
    const { words } = language.sample(new RandomStream(1));
    expect(language.logProbability(words)).toBeCloseTo(-Math.log(50_000), 10);
    expect(language.conditionals([-1])[0]).toHaveLength(50_000);
    expect(parseGrammar(formatGrammar(grammar)).lexicon).toHaveLength(50_000);
  });

  test("more rules than can be handled", () => {
    expect(() => parseGrammar("S a 1\n".repeat(1_000_001))).toThrow(/has 1000001 rules; at most 1000000/);
  });
});

test("a grammar survives being written and read", () => {
  const shape = {
    roots: 3,
    levels: 3,
    nonterminalsPerLevel: 4,
    pairsPerNonterminal: 3,
    wordProbability: 0.3,
    words: 12,
    wordsPerNonterminal: 5,
  };
  const grammar = randomGrammar(shape, 11);
  const again = parseGrammar(formatGrammar(grammar));
  expect(again.nonterminals).toEqual(grammar.nonterminals);
  const named = ({ nonterminals, words, phrases, lexicon }: typeof grammar) => [
    ...phrases.map(({ parent, left, right, probability }) => [
      `${nonterminals[parent]} ${nonterminals[left]} ${nonterminals[right] ?? ""}`,
      probability,
    ]),
    ...lexicon.map(({ parent, word, probability }) => [
      `${nonterminals[parent]} ${words[word]}`,
      probability,
    ]),
  ];
  const [before, after] = [named(grammar), named(again)].map((rules) => new Map(rules as [string, number][]));
  expect([...after!.keys()].sort()).toEqual([...before!.keys()].sort());
  for (const [rule, probability] of before!) expect(after!.get(rule)).toBeCloseTo(probability, 14);
});

describe("whatever is read, a grammar or a sentence on what is wrong comes out", () => {
  const read = (text: string) => {
    try {
      const language = new Pcfg(parseGrammar(text));
      const { words } = language.sample(new RandomStream(1));
      expect(language.logProbability(words)).toBeLessThanOrEqual(1e-9);
      return "language";
    } catch (error) {
      expect(error).toBeInstanceOf(LanguageError);
      expect((error as Error).message.length).toBeLessThan(400);
      return "error";
    }
  };

  test("any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => void read(text)),
      { seed: 1, numRuns: 300 },
    );
  });

  test("texts of rules", () => {
    const name = fc.constantFrom(
      "S",
      "A",
      "B",
      "C",
      "a",
      "b",
      "__proto__",
      "constructor",
      "#",
      "1",
      "\ufeff",
    );
    const probability = fc.constantFrom(
      "1",
      "0.5",
      "0.25",
      "0",
      "-1",
      "1e-400",
      "1e400",
      "NaN",
      "0.9999",
      "x",
      "",
    );
    const rule = fc
      .tuple(fc.array(name, { maxLength: 4 }), probability)
      .map(([names, p]) => [...names, p].join(" "));
    const text = fc
      .tuple(fc.array(rule, { maxLength: 8 }), fc.constantFrom("\n", "\r\n", "\r", "\n\n"))
      .map(([rules, end]) => rules.join(end));
    fc.assert(
      fc.property(text, (each) => void read(each)),
      { seed: 2, numRuns: 3000 },
    );
  });

  test("rules that add up", () => {
    const side = fc.constantFrom("A", "B", "A B", "B C", "C C", "S", "a", "b", "c");
    const rules = fc.array(side, { minLength: 1, maxLength: 4 });
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(fc.tuple(rules, rules, rules, rules), (all) => {
        const lines = all.flatMap((sides, i) =>
          sides.map((each) => `${"SABC"[i]} ${each} ${1 / sides.length}`),
        );
        outcomes.add(read(lines.join("\n")));
      }),
      { seed: 3, numRuns: 2000 },
    );
    expect(outcomes).toEqual(new Set(["language", "error"]));
  });
});
