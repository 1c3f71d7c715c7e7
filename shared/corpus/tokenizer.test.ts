import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readTokenizer, TokenizerError } from "./tokenizer.ts";

const text = (name: string) => readFileSync(new URL(`../suites/text/${name}`, import.meta.url), "utf8");

const parts = {
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
  added_tokens: [],
};
const numbered = (tokens: readonly string[]) => Object.fromEntries(tokens.map((token, id) => [token, id]));
const special = (id: number, content: string) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

const WORD_PIECE = {
  ...parts,
  added_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map((content, id) => special(id, content)),
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: { type: "BertProcessing", cls: ["[CLS]", 2], sep: ["[SEP]", 3] },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: numbered("[PAD] [UNK] [CLS] [SEP] [MASK] the flat ##ter ##test min ##ima , ##s".split(" ")),
  },
};
const WORD_LEVEL = {
  ...parts,
  pre_tokenizer: { type: "Whitespace" },
  model: { type: "WordLevel", vocab: numbered(["the", "loss", "is", "<unk>", "."]), unk_token: "<unk>" },
};
const UNIGRAM = {
  ...parts,
  pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
  model: {
    type: "Unigram",
    unk_id: 0,
    byte_fallback: false,
    vocab: [
      ["<unk>", 0],
      ["▁", -3],
      ["▁the", -2],
      ["▁flat", -4],
      ["t", -5],
      ["er", -4.5],
      ["ter", -4.6],
      ["h", -6],
      ["e", -6],
    ],
  },
};
const BPE = {
  ...parts,
  pre_tokenizer: { type: "WhitespaceSplit" },
  model: { type: "BPE", unk_token: null, vocab: numbered(["a", "b", "c", "ab"]), merges: [["a", "b"]] },
};
const read = (json: unknown) => readTokenizer(JSON.stringify(json));

test("the real-text suite's tokenizer gives the ids of Hugging Face's own library, line by line", () => {
  const tokenizer = readTokenizer(text("tokenizer.json"));
  const { lines } = JSON.parse(text("tokenizer.reference.json")) as {
    lines: { text: string; ids: number[] }[];
  };
  expect(lines.length).toBeGreaterThan(250);
  for (const line of lines) expect(tokenizer.encode(line.text), line.text).toEqual(line.ids);
  expect(tokenizer).toMatchObject({ prefix: [1], suffix: [], maskId: 2, vocabulary: 2048 });
});

// The ids are those of Hugging Face's tokenizers 0.23.3 for the same JSON.
test.each<[string, unknown, string, number[]]>([
  ["WordPiece", WORD_PIECE, "The flattest minima, flatters the θ", [5, 6, 8, 9, 10, 11, 6, 7, 12, 5, 1]],
  ["WordLevel", WORD_LEVEL, "the loss is flat . the", [0, 1, 2, 3, 4, 0]],
  ["Unigram", UNIGRAM, "the flatter the x h", [2, 3, 6, 2, 1, 0, 1, 7]],
  ["BPE", BPE, "abba ca", [3, 1, 0, 2, 0]],
])("%s", (_, json, words, ids) => expect(read(json).encode(words)).toEqual(ids));

test("special tokens around a text, the mask and the vocabulary", () => {
  expect(read(WORD_PIECE)).toMatchObject({ prefix: [2], suffix: [3], maskId: 4, vocabulary: 13 });
  expect(read(WORD_LEVEL)).toMatchObject({ prefix: [], suffix: [], maskId: null, vocabulary: 5 });
  expect(readTokenizer(JSON.stringify(WORD_LEVEL), "t.json", "is").maskId).toBe(2);
  expect(() => readTokenizer(JSON.stringify(WORD_LEVEL), "t.json", "[HIDE]")).toThrow(
    't.json has no token "[HIDE]", which was named as the mask.',
  );
});

test("a word or character without an id is refused, not left out", () => {
  const closed = read({ ...WORD_LEVEL, model: { ...WORD_LEVEL.model, unk_token: "[UNK]" } });
  expect(closed.encode("the loss")).toEqual([0, 1]);
  expect(() => closed.encode("the flat loss")).toThrow(TokenizerError);
  expect(() => closed.encode("the flat loss")).toThrow('"flat" is not in the tokenizer tokenizer.json');
  expect(() => read(BPE).encode("ab xa")).toThrow('"x" is not in the tokenizer');
});

describe("refused, with the part", () => {
  test.each<[string, string, string]>([
    ["no JSON", "vocab", "is not JSON. Give the tokenizer.json of a Hugging Face checkpoint"],
    ["another file", '{"tokenizer_class":"BertTokenizer"}', "has no model, so it is not a tokenizer.json."],
    ["a list", "[1]", "has no model"],
    ["model null", JSON.stringify({ ...parts, model: null }), "has no model"],
    [
      "a model of another kind",
      JSON.stringify({ ...parts, model: { type: "Tiktoken" } }),
      'has a model of the kind "Tiktoken", which is not supported. Supported: BPE, WordPiece, WordLevel, Unigram.',
    ],
    [
      "a normalizer inside a sequence",
      JSON.stringify({
        ...BPE,
        normalizer: { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Nmt" }] },
      }),
      'has a normalizer of the kind "Nmt"',
    ],
    [
      "a pre-tokenizer",
      JSON.stringify({ ...BPE, pre_tokenizer: { type: "UnicodeScripts" } }),
      'has a pre-tokenizer of the kind "UnicodeScripts"',
    ],
    [
      "dropout",
      JSON.stringify({ ...BPE, model: { ...BPE.model, dropout: 0.1 } }),
      "has a BPE model with dropout, which is not supported.",
    ],
    [
      "byte fallback of Unigram",
      JSON.stringify({ ...UNIGRAM, model: { ...UNIGRAM.model, byte_fallback: true } }),
      "has a Unigram model with byte_fallback",
    ],
    [
      "single_word",
      JSON.stringify({ ...BPE, added_tokens: [{ ...special(4, "<x>"), single_word: true }] }),
      'has an added token "<x>" with single_word',
    ],
    [
      "a broken pattern",
      JSON.stringify({
        ...BPE,
        pre_tokenizer: { type: "Split", pattern: { Regex: "(" }, behavior: "Isolated", invert: false },
      }),
      "cannot be read: ",
    ],
    [
      "a vocabulary that is no table",
      JSON.stringify({ ...BPE, model: { type: "BPE", vocab: 3 } }),
      "tokenizer.json ",
    ],
  ])("%s", (_, json, message) => {
    expect(() => readTokenizer(json)).toThrow(TokenizerError);
    expect(() => readTokenizer(json)).toThrow(`tokenizer.json ${message.replace(/^tokenizer.json /, "")}`);
  });
});
