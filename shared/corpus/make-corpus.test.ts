import fc from "fast-check";
import { expect, test } from "vitest";
import { chunkTokens } from "./chunk-tokens.ts";
import { corpusLine } from "./corpus-lines.ts";
import { IGNORED } from "./corpus.ts";
import { makeCorpus, MakeCorpusError, type CorpusPlan } from "./make-corpus.ts";
import { parseCorpus } from "./parse.ts";
import { splitDocuments, uniformHash } from "./split-documents.ts";
import { parseTextLines, splitText, TextError } from "./text-documents.ts";
import { parseTokenLines, type TokenDocument } from "./token-documents.ts";
import { occursIn } from "./unseen-chunks.ts";

const tokens = fc.array(fc.integer({ min: 10, max: 14 }), { minLength: 1, maxLength: 12 });
const documents = fc
  .array(fc.array(tokens, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 })
  .map((all): TokenDocument[] => all.map((lines, i) => ({ id: `document ${i}`, lines })));

const PLAN: CorpusPlan = {
  objective: "clm",
  length: 8,
  examples: 1000,
  seed: 1,
  heldOut: null,
  prefix: [1],
  suffix: [],
  maskId: 2,
};
/** Documents no two of which share a token. */
const many = (count: number): TokenDocument[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `document ${i}`,
    lines: [[100 + 10 * i, 101 + 10 * i, 102 + 10 * i], [103 + 10 * i]],
  }));

test("pieces put together are the document, none is too long, and a line's end is kept where half is full", () => {
  fc.assert(
    fc.property(documents, fc.integer({ min: 1, max: 9 }), ([document], length) => {
      const pieces = chunkTokens(document!, length);
      expect(pieces.flat()).toEqual(document!.lines.flat());
      for (const piece of pieces) expect(piece.length).toBeGreaterThan(0);
      for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(length);
    }),
  );
  const lines = [[1, 2, 3], [4, 5], [6], [7, 8, 9, 10, 11, 12, 13, 14], [15]];
  expect(chunkTokens({ id: "", lines }, 7)).toEqual([
    [1, 2, 3, 4, 5, 6],
    [7, 8, 9, 10, 11, 12, 13],
    [14, 15],
  ]);
});

test("occursIn finds what a search by hand finds", () => {
  fc.assert(
    fc.property(fc.array(tokens, { minLength: 1, maxLength: 20 }), documents, (chunks, texts) => {
      const within = (chunk: readonly number[]) =>
        texts.some(({ lines }) => ` ${lines.flat().join(" ")} `.includes(` ${chunk.join(" ")} `));
      expect(occursIn(chunks, texts)).toEqual(chunks.map(within));
    }),
  );
});

test("a split is by content: near the share, stable under other documents, equal documents together", () => {
  const all = many(2000);
  const { evaluation, training } = splitDocuments(all, 0.2, 1);
  expect(evaluation.length + training.length).toBe(2000);
  // Four standard deviations.
  expect(Math.abs(evaluation.length - 400)).toBeLessThan(4 * Math.sqrt(2000 * 0.2 * 0.8));
  const held = new Set(evaluation);
  expect(splitDocuments(all.slice(500), 0.2, 1).evaluation).toEqual(
    all.slice(500).filter((each) => held.has(each)),
  );
  expect(splitDocuments(all, 0.2, 2).evaluation).not.toEqual(evaluation);
  expect(uniformHash([5, 6], 1)).toBe(uniformHash([5, 6], 1));
  expect(uniformHash([5, 6], 1)).not.toBe(uniformHash([6, 5], 1));
});

test("no evaluation piece occurs in training, groups are documents, and the file reads back", () => {
  fc.assert(
    fc.property(documents, fc.constantFrom("clm" as const, "mlm" as const), (texts, objective) => {
      const plan: CorpusPlan = { ...PLAN, objective, heldOut: 0.5 };
      let made;
      try {
        made = makeCorpus(texts, plan);
      } catch (error) {
        expect(error).toBeInstanceOf(MakeCorpusError);
        return;
      }
      const original = ({ inputIds, labels }: (typeof made.evaluation)[number]) =>
        (objective === "clm" ? inputIds : inputIds.map((id, t) => (id === 2 ? labels[t]! : id))).slice(1);
      const split = splitDocuments(texts, 0.5, 1);
      const pieces = made.evaluation.map(original);
      expect(occursIn(pieces, split.training)).toEqual(pieces.map(() => false));
      expect(new Set(pieces.map((piece) => piece.join(" "))).size).toBe(pieces.length);
      for (const { inputIds, labels, group } of [...made.evaluation, ...made.training]) {
        expect(inputIds.length).toBeLessThanOrEqual(8);
        expect(labels.length).toBe(inputIds.length);
        expect(texts.some(({ id }) => id === group)).toBe(true);
      }
      const text = made.evaluation.map(corpusLine).join("\n");
      expect(parseCorpus(text, objective).examples).toEqual(made.evaluation);
    }),
  );
});

test("causal labels are the tokens; the template's end is not to be predicted", () => {
  const [example] = makeCorpus(many(1), { ...PLAN, suffix: [3] }).evaluation;
  expect(example).toEqual({
    inputIds: [1, 100, 101, 102, 103, 3],
    labels: [1, 100, 101, 102, 103, IGNORED],
    group: "document 0",
  });
});

test("masked examples hide one token, any but special ones, the same whatever the size of the sample", () => {
  const plan: CorpusPlan = { ...PLAN, objective: "mlm", suffix: [3] };
  const all = makeCorpus(many(2000), plan).evaluation;
  const counts = [0, 0, 0, 0, 0, 0];
  for (const { inputIds, labels } of all) {
    const at = inputIds.indexOf(2);
    counts[at]!++;
    expect(labels.filter((label) => label !== IGNORED)).toEqual([labels[at]]);
    expect(inputIds[0]).toBe(1);
    expect(inputIds.at(-1)).toBe(3);
  }
  expect(counts[0]! + counts[5]!).toBe(0);
  // χ² with 3 degrees of freedom, 1 in 10,000.
  expect(counts.slice(1, 5).reduce((sum, count) => sum + (count - 250) ** 2 / 250, 0)).toBeLessThan(21.1);
  const some = makeCorpus(many(2000), { ...plan, examples: 100 }).evaluation;
  expect(some).toHaveLength(100);
  expect(all.filter(({ group }) => some.some((each) => each.group === group))).toEqual(some);
  expect(makeCorpus(many(2000), { ...plan, seed: 2 }).evaluation).not.toEqual(all);
});

test("what was left out is counted", () => {
  const repeated = { id: "again", lines: [[100, 101, 102, 103]] };
  const { counts, evaluation } = makeCorpus([...many(3), repeated], PLAN);
  expect(counts).toEqual({
    evaluationDocuments: 4,
    trainingDocuments: 0,
    available: 3,
    repeated: 1,
    foundInTraining: 0,
    tooShort: 0,
  });
  expect(evaluation).toHaveLength(3);
  const short = { id: "short", lines: [[7]] };
  expect(makeCorpus([...many(1), short], { ...PLAN, prefix: [] }).counts.tooShort).toBe(1);
});

test.each<[string, TokenDocument[], Partial<CorpusPlan>, string]>([
  ["no room", many(1), { length: 1 }, "A length of 1 leaves 0 tokens beside 1 special ones"],
  [
    "no room for a causal label",
    many(1),
    { length: 1, prefix: [] },
    "too few for clm. Give a larger length.",
  ],
  ["no mask", many(1), { objective: "mlm", maskId: null }, "has none called [MASK] or <mask>"],
  ["one document to split", many(1), { heldOut: 0.5 }, "Give more documents, cut the text into smaller ones"],
  ["no document", [], {}, "Of 0 documents, 0 are for evaluation"],
  ["nothing to predict", [{ id: "a", lines: [[5]] }], { prefix: [] }, "No example is left"],
])("refused: %s", (_, texts, plan, message) => {
  expect(() => makeCorpus(texts, { ...PLAN, ...plan })).toThrow(MakeCorpusError);
  expect(() => makeCorpus(texts, { ...PLAN, ...plan })).toThrow(message);
});

test("documents of plain text", () => {
  const text = "One.\r\nTwo.\n \t\n\nThree.\n";
  expect(splitText(text, "a.txt", "file")).toEqual([{ id: "a.txt", text: "One.\nTwo.\n \t\n\nThree.\n" }]);
  expect(splitText(text, "a.txt", "blank-line")).toEqual([
    { id: "a.txt, part 1", text: "One.\nTwo.\n" },
    { id: "a.txt, part 2", text: "Three.\n\n" },
  ]);
  expect(splitText(text, "a.txt", "line").map((document) => document.text)).toEqual([
    "One.\n",
    "Two.\n",
    "Three.\n",
  ]);
  expect(splitText(" \n", "a.txt", "file")).toEqual([]);
});

test("documents of JSON lines, of text and of tokens", () => {
  expect(parseTextLines('{"text":"A.","id":"x"}\n\n{"text":"B."}\n{"text":" "}', "t.jsonl")).toEqual([
    { id: "x", text: "A." },
    { id: "t.jsonl, line 3", text: "B." },
  ]);
  const lines =
    '{"input_ids":[1,2],"group":"g"}\n{"input_ids":[3]}\n{"input_ids":[4],"group":"g"}\n{"input_ids":[]}';
  expect(parseTokenLines(lines, "t.jsonl")).toEqual([
    { id: "g", lines: [[1, 2], [4]] },
    { id: "t.jsonl, line 2", lines: [[3]] },
  ]);
});

test.each<[string, (content: string, name: string) => unknown, string, string]>([
  ["no JSON", parseTextLines, '{"text":"a"}\nb', "t.jsonl, line 2 is not JSON."],
  ["a list", parseTextLines, "[]", "t.jsonl, line 1 is not a JSON object with a field text."],
  ["no text", parseTextLines, '{"input_ids":[1]}', 't.jsonl, line 1 has no text: expected {"text": "…"}.'],
  ["an id that is a list", parseTextLines, '{"text":"a","id":[]}', "id is neither a string nor a number."],
  ["no ids", parseTokenLines, '{"text":"a"}', "t.jsonl, line 1 has no list input_ids."],
  ["a broken id", parseTokenLines, '{"input_ids":[1,-2]}', "input_ids[1] is -2, expected a whole number"],
  ["an id that is text", parseTokenLines, '{"input_ids":["1"]}', 'input_ids[0] is "1"'],
])("refused: %s", (_, parse, content, message) => {
  expect(() => parse(content, "t.jsonl")).toThrow(TextError);
  expect(() => parse(content, "t.jsonl")).toThrow(message);
});
