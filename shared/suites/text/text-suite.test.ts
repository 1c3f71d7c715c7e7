import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { parseTextLines } from "../../corpus/text-documents.ts";
import { readTokenizer } from "../../corpus/tokenizer.ts";
import { occursIn } from "../../corpus/unseen-chunks.ts";
import { formatSuite, parseSuite } from "../suite-file.ts";
import { pairRules } from "./pair-rules.ts";
import { makeTextSuite, TEXT_LENGTH } from "./text-suite.ts";

const file = (path: string) => readFileSync(new URL(path, import.meta.url));
const stored = file("text.suite.json").toString();
const suite = parseSuite(stored);
const chapters = parseTextLines(
  gunzipSync(file("../../../models/text/web.jsonl.gz")).toString(),
  "web.jsonl.gz",
);

test("the suite is what its text, tokenizer and rules make, and models do not learn from it", () => {
  const made = makeTextSuite(chapters, readTokenizer(file("tokenizer.json").toString()));
  expect(formatSuite(made.suite)).toBe(stored);
  const training = made.training.map(({ inputIds }, i) => ({ id: String(i), lines: [inputIds.slice(1)] }));
  const groups = new Set(made.training.map(({ group }) => group));
  expect(suite.corpus.examples.filter(({ group }) => groups.has(group))).toEqual([]);
  const held = [
    ...suite.corpus.examples.map(({ inputIds }) => inputIds.slice(1)),
    ...suite.tasks.flatMap((task) => {
      if (task.kind === "minimal-pairs") return task.pairs.map(({ good }) => good.slice(1));
      return task.kind === "multiple-choice" ? task.items.map(({ choices, answer }) => choices[answer]!) : [];
    }),
  ];
  expect(occursIn(held, training).filter(Boolean)).toEqual([]);
});

test("every input fits the models, and the wrong answers are as long as the right ones", () => {
  const inputs: (readonly number[])[] = suite.corpus.examples.map(({ inputIds }) => inputIds);
  for (const task of suite.tasks) {
    if (task.kind === "probe") {
      for (const part of [task.train, task.validation, task.test]) {
        inputs.push(...part.map(({ inputIds }) => inputIds));
        for (const label of task.classes.keys()) {
          const share = part.filter((example) => example.label === label).length / part.length;
          expect(share).toBeCloseTo(1 / task.classes.length);
        }
      }
    } else if (task.kind === "minimal-pairs") {
      for (const { good, bad } of task.pairs) {
        expect(bad.length).toBe(good.length);
        expect(bad).not.toEqual(good);
        inputs.push(good, bad);
      }
    } else {
      for (const { prompt, choices } of task.items) {
        expect(new Set(choices.map((choice) => choice.length)).size).toBe(1);
        expect(new Set(choices.map((choice) => choice.join(" "))).size).toBe(choices.length);
        inputs.push(...choices.map((choice) => [...prompt, ...choice]));
      }
    }
  }
  const start = 1;
  expect(inputs.filter((ids) => ids.length > TEXT_LENGTH || ids[0] !== start)).toEqual([]);
});

describe("rules for minimal pairs", () => {
  const rules = pairRules(chapters.flatMap(({ text }) => text.split("\n")));
  test.each<[string, string, string[]]>([
    ["agreement", "He was there.", ["He were there."]],
    ["agreement", "“They have gone.”", ["“They has gone.”"]],
    ["agreement", "The men are here.", ["The men is here."]],
    ["agreement", "The sons of the king were there.", ["The sons of the king was there."]],
    ["agreement", "He who loves his sons is glad.", ["He who loves his sons are glad."]],
    // Subjunctives, groups, questions and two subjects.
    ["agreement", "If he were there, speak.", []],
    ["agreement", "The people were there.", []],
    ["agreement", "The upright have peace.", []],
    ["agreement", "Did they have bread?", []],
    ["agreement", "Moses and he are there.", []],
    ["reflexive", "They hid themselves.", ["They hid myself.", "They hid ourselves."]],
    ["reflexive", "I hid myself.", ["I hid himself.", "I hid themselves."]],
    ["reflexive", "David hid himself.", ["David hid myself.", "David hid ourselves."]],
    // Whom it could be is mentioned, or the subject is not in the sentence.
    ["reflexive", "We saw that they hid themselves.", []],
    ["reflexive", "Wash yourselves!", ["Wash myself!", "Wash ourselves!"]],
    ["verb-form", "I will not give it.", ["I will not gave it."]],
    ["verb-form", "Shall we go up?", ["Shall we went up?"]],
    // Fell is a verb of its own.
    ["verb-form", "They will fall.", []],
    ["exchanged-nouns", "He shed the blood of the bull.", ["He shed the bull of the blood."]],
    ["exchanged-nouns", "He shed the blood of the bull gate.", []],
  ])("%s: %s", (id, sentence, spoilt) => {
    expect(rules.find((rule) => rule.id === id)!.spoil(sentence)).toEqual(spoilt);
  });

  test("word-choice keeps the number, and takes no word of the sentence", () => {
    const rule = rules.find(({ id }) => id === "word-choice")!;
    const spoilt = rule.spoil("He lifted up his hands to the mountains.");
    expect(spoilt.length).toBeGreaterThan(10);
    for (const sentence of spoilt) {
      expect(sentence).toMatch(
        /^He lifted up his (hands to the \w+(s|men|children)|\w+(s|men|children) to the mountains)\.$/,
      );
      expect(sentence).not.toMatch(/hands.*hands|mountains.*mountains/);
    }
  });
});
