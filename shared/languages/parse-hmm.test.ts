import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RandomStream } from "../random.ts";
import { randomHmm } from "./generate.ts";
import { Hmm } from "./hmm.ts";
import { LanguageError } from "./language.ts";
import { parseHmm } from "./parse-hmm.ts";
import { parseLanguage, readLanguage } from "./parse-language.ts";

const MODEL = {
  words: ["a", "b"],
  initial: [0.5, 0.5],
  transitions: [
    [0.1, 0.9],
    [1, 0],
  ],
  emissions: [
    [1, 0],
    [0.5, 0.5],
  ],
  lengths: [0, 0.5, 0.5],
};

test("a hidden Markov model survives being written and read", () => {
  const shape = {
    states: 4,
    words: 5,
    minimumLength: 2,
    maximumLength: 4,
    transitionSpread: 2,
    emissionSpread: 2,
  };
  const parameters = randomHmm(shape, 3);
  for (const text of [JSON.stringify(parameters), `\ufeff\r\n${JSON.stringify(parameters, null, 2)}\r\n`]) {
    expect(parseHmm(text, "hmm.json")).toEqual(parameters);
    const language = parseLanguage(text, "hmm.json");
    expect(language).toBeInstanceOf(Hmm);
    expect(language.sample(new RandomStream(1))).toEqual(new Hmm(parameters).sample(new RandomStream(1)));
  }
});

const REFUSED: [what: string, text: string, message: RegExp][] = [
  [
    "cut short",
    JSON.stringify(MODEL).slice(0, -5),
    /^hmm.json is not JSON, which a hidden Markov model is written in: /,
  ],
  ["with comments", "{ // words\n}", /^hmm.json is not JSON/],
  [
    "a list",
    "[1, 2]",
    /^hmm.json is not a hidden Markov model: .*expected object, received array\. It must hold words/,
  ],
  [
    "without words",
    JSON.stringify({ ...MODEL, words: undefined }),
    /words: .*expected array, received undefined/,
  ],
  ["with more", JSON.stringify({ ...MODEL, length: [1] }), /[Uu]nrecognized key: "length"/],
  [
    "with a row of text",
    JSON.stringify({ ...MODEL, emissions: [[1, 0], "x"] }),
    /emissions\.1: .*expected array/,
  ],
  [
    "with text",
    JSON.stringify({ ...MODEL, transitions: [[0.1, "0.9"]] }),
    /transitions\.0\.1: .*expected number/,
  ],
  [
    "with null",
    JSON.stringify({ ...MODEL, lengths: [null] }),
    /lengths\.0: .*expected number, received null/,
  ],
  [
    "with 1e999",
    JSON.stringify(MODEL).replace('"lengths":[0', '"lengths":[1e999'),
    /lengths\.0: .*expected number/,
  ],
  [
    "with a blank word",
    JSON.stringify({ ...MODEL, words: ["a", "b c"] }),
    /words\.1: expected a word without blanks/,
  ],
  ["with an empty word", JSON.stringify({ ...MODEL, words: ["", "b"] }), /words\.0: expected a word/],
  ["with a word twice", JSON.stringify({ ...MODEL, words: ["a", "a"] }), /words\.1, 'a', is a word already/],
  ["with __proto__", '{"__proto__": {"words": ["a"]}}', /is not a hidden Markov model/],
];

test.each(REFUSED)("a file %s is refused with the place", (_, text, message) => {
  expect(() => parseHmm(text, "hmm.json")).toThrow(LanguageError);
  expect(() => parseHmm(text, "hmm.json")).toThrow(message);
});

const UNFIT: [what: string, change: Partial<typeof MODEL>, message: RegExp][] = [
  [
    "ragged rows",
    { transitions: [[0.1, 0.9], [1]] },
    /^m: Row 1 of the transitions: 1 values where 2 were expected/,
  ],
  ["missing rows", { emissions: [[1, 0]] }, /^m: .*2 rows of transitions and 1 of emissions/],
  [
    "a sum of 0.8",
    { initial: [0.5, 0.3] },
    /^m: The initial probabilities: the values add up to 0.8, not to 1/,
  ],
  [
    "negatives",
    { lengths: [1.5, -0.5] },
    /^m: The probabilities of lengths: every value must be a probability/,
  ],
  ["no states", { initial: [], transitions: [], emissions: [] }, /^m: .* at least one state/],
];

test.each(UNFIT)("%s are refused once a language is made of them", (_, change, message) => {
  expect(() => parseLanguage(JSON.stringify({ ...MODEL, ...change }), "m")).toThrow(LanguageError);
  expect(() => parseLanguage(JSON.stringify({ ...MODEL, ...change }), "m")).toThrow(message);
});

describe("either format", () => {
  test("is told by its beginning, and errors name the file", () => {
    expect(parseLanguage(JSON.stringify(MODEL), "x").kind).toBe("hmm");
    expect(parseLanguage("S a 1", "x").kind).toBe("pcfg");
    expect(parseLanguage("# a comment first\n{S} a 1", "x").words).toEqual(["a"]);
    expect(() => parseLanguage("", "g.txt")).toThrow("g.txt: The grammar has no rules");
    expect(() => parseLanguage("S S S 0.5\nS a 0.5", "g.txt")).toThrow("g.txt: The grammar can go round");
    expect(() => parseLanguage("{", "g.txt")).toThrow("g.txt is not JSON");
  });

  test("warns of what was done to the numbers", () => {
    const warnings = (text: string) => readLanguage(text, "x").warnings;
    expect(warnings("S a 0.5\nS b 0.5")).toEqual([]);
    expect(warnings("S a 0.1\nS b 0.2\nS c 0.7")).toEqual([]);
    expect(warnings("S A 0.5\nS b 0.4996\nA a 0.5\nA a 0.5\nA c 0")).toEqual([
      "Probabilities were scaled to a sum of 1; furthest from it were those of 'S', by 4.0e-4.",
      "2 of 5 rules are repeated, and were added up, or of probability 0.",
    ]);
    expect(warnings(JSON.stringify(MODEL))).toEqual([]);
    expect(warnings(JSON.stringify({ ...MODEL, initial: [0.5, 0.4995] }))).toEqual([
      "Probabilities were scaled to a sum of 1; the furthest row missed it by 5.0e-4.",
    ]);
  });
});

test("whatever is read, a language or a sentence on what is wrong comes out", () => {
  const number = fc.oneof(fc.constantFrom(0, 1, 0.5, -1, 1e300), fc.double());
  const row = fc.oneof(fc.array(number, { maxLength: 3 }), fc.constantFrom([1], [0.5, 0.5], [0, 1]));
  const rows = fc.oneof(
    fc.array(row, { maxLength: 3 }),
    fc.constantFrom(
      [[1]],
      [
        [0.5, 0.5],
        [1, 0],
      ],
    ),
  );
  const words = fc.oneof(fc.array(fc.string(), { maxLength: 3 }), fc.constantFrom(["a"], ["a", "b"]));
  const model = fc.record({ words, initial: row, transitions: rows, emissions: rows, lengths: row });
  const text = fc.oneof(
    model.map((each) => JSON.stringify(each)),
    fc.json().map((each) => `{"words": ${each}}`),
    fc.string({ unit: "binary" }).map((each) => `{${each}`),
  );
  const outcomes = new Set<string>();
  fc.assert(
    fc.property(text, (each) => {
      try {
        const language = parseLanguage(each, "x");
        expect(language.sample(new RandomStream(1)).words.length).toBeLessThanOrEqual(language.maximumLength);
        outcomes.add("language");
      } catch (error) {
        expect(error).toBeInstanceOf(LanguageError);
        expect((error as Error).message.length).toBeLessThan(600);
        outcomes.add("error");
      }
    }),
    { seed: 1, numRuns: 2000 },
  );
  expect(outcomes).toEqual(new Set(["language", "error"]));
});
