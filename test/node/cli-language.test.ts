/** `plateau language` from end to end. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeLanguage } from "../../shared/languages/definition.ts";
import { entropyOf } from "../../shared/languages/language.ts";
import { decode } from "../../shared/languages/vocabulary.ts";
import { HMM, PCFG_MINI } from "../../shared/suites/language-suites.ts";
import { maskedCorpus } from "../../shared/suites/sentences.ts";
import type { LanguageSheet } from "../../worker/local/language-sheet.ts";
import { plateau, type Outcome } from "./cli-run.ts";

let folder: string;
const at = (name: string) => join(folder, name);

/** Uniform on {a, b} at both places: ln 2 whatever is hidden. */
const COIN = "S X X 1\nX a 0.5\nX b 0.5\n";
const MARKOV = {
  words: ["a", "b", "never"],
  initial: [1, 0, 0],
  transitions: [
    [0, 1, 0],
    [1, 0, 0],
    [0, 0, 1],
  ],
  emissions: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  lengths: [0, 0.5, 0.5],
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plateau-language-"));
  await Promise.all([
    writeFile(at("coin.txt"), COIN),
    writeFile(at("pcfg"), COIN),
    writeFile(at("hmm.json"), JSON.stringify(MARKOV)),
    writeFile(at("unending.txt"), "S S S 0.5\nS a 0.5\n"),
    writeFile(at("empty.txt"), ""),
    writeFile(at("bad.json"), JSON.stringify({ ...MARKOV, initial: [0.5, 0.4, 0] })),
    writeFile(at("binary"), new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe, 0x00])),
    writeFile(
      at("shy\u001b[2J.txt"),
      "S a\u001b[31m 0.4\nS a\u001b[31m 0.1\nS b 0.4999\nU c\u202e 0.5\nU d 0.5\n",
    ),
  ]);
});
afterAll(() => rm(folder, { recursive: true }));

test("a sheet for a grammar, with what to beware of", async () => {
  const { code, stdout, stderr } = await plateau(["language", at("shy\u001b[2J.txt"), "--sentences", "50"]);
  expect(code).toBe(0);
  expect(stderr).toBe("");
  const lines = stdout.split("\n");
  expect(lines[0]).toMatch(/shy�\[2J\.txt {2}probabilistic context-free grammar$/);
  expect(stdout).toMatch(/^non-terminals +2 \(reachable ones by level: 1\)$/m);
  expect(stdout).toMatch(/^rules +4 \(0 binary, 0 unary, 4 lexical\)$/m);
  expect(stdout).toMatch(/^words +4$/m);
  expect(stdout).toMatch(/^longest sentence +1 word$/m);
  expect(stdout).toMatch(/^mean length +1\.0000 words$/m);
  // Of a single word nothing else is known: the same entropy each time.
  expect(stdout).toMatch(/^optimal loss +0\.69315 ± 0 nats a masked word$/m);
  expect(stdout).toMatch(/^One masked word in each of 50 sentences \(seed 1\), [\d.e-]+ s\.$/m);
  expect(stdout).toContain(
    "! Probabilities were scaled to a sum of 1; furthest from it were those of 'S', by 1.0e-4.",
  );
  expect(stdout).toContain("! 1 of 5 rules are repeated, and were added up, or of probability 0.");
  expect(stdout).toContain("! 1 of 2 non-terminals never occurs in a sentence: U.");
  expect(stdout).toContain("! 2 of 4 words never occur in a sentence: c�, d.");
  expect(stdout).not.toContain("\u001b");
});

test("a hidden Markov model as JSON, with the same keys as a grammar", async () => {
  const [hmm, pcfg] = await Promise.all(
    ["hmm.json", "coin.txt"].map((name) =>
      plateau(["language", at(name), "--json", "--sentences", "20", "--seed", "7"]),
    ),
  );
  expect([hmm!.code, hmm!.stderr, pcfg!.code]).toEqual([0, "", 0]);
  const sheets = [hmm!, pcfg!].map(({ stdout }) => JSON.parse(stdout) as LanguageSheet);
  const { seconds, ...sheet } = sheets[0]!;
  expect(seconds).toBeGreaterThan(0);
  expect(sheet).toEqual({
    file: at("hmm.json"),
    kind: "hmm",
    nonterminals: null,
    levels: null,
    rules: null,
    states: 3,
    words: 3,
    longestSentence: 3,
    meanLength: 2.5,
    unused: { nonterminals: [], states: [2], words: ["never"] },
    maskedLoss: { value: 0, standardError: 0, unit: "nats/token" },
    perplexity: { value: 1, standardError: 0 },
    sentences: 20,
    seed: 7,
    warnings: [
      "1 of 3 states never occurs in a sentence: 2.",
      "1 of 3 words never occurs in a sentence: never.",
    ],
  });
  expect(Object.keys(sheets[1]!)).toEqual(Object.keys(sheets[0]!));
  expect(sheets[1]!.maskedLoss.value).toBeCloseTo(Math.LN2, 14);
  expect(sheets[1]!.perplexity.value).toBeCloseTo(2, 13);
});

describe("the language of a suite", () => {
  test("has the optimal loss of its corpus", async () => {
    const { code, stdout } = await plateau(["language", "pcfg-mini", "--json", "--sentences", "2000"]);
    expect(code).toBe(0);
    const { file, maskedLoss, perplexity } = JSON.parse(stdout) as LanguageSheet;
    expect(file).toBe(PCFG_MINI.id);
    const language = makeLanguage(PCFG_MINI.language);
    const entropies = maskedCorpus(language, 2000, 1).map(({ inputIds }) =>
      entropyOf(language.conditionals(decode(inputIds, language.words.length)!)[0]!),
    );
    const mean = entropies.reduce((sum, h) => sum + h, 0) / 2000;
    const variance = entropies.reduce((sum, h) => sum + (h - mean) ** 2, 0) / 1999;
    expect(maskedLoss.value).toBeCloseTo(mean, 12);
    expect(maskedLoss.standardError).toBeCloseTo(Math.sqrt(variance / 2000), 12);
    expect(perplexity.value).toBeCloseTo(Math.exp(mean), 11);
    expect(perplexity.standardError).toBeCloseTo(Math.exp(mean) * maskedLoss.standardError, 12);
  });

  test("is found with its version, and a file of that name by its path", async () => {
    const [suite, file] = await Promise.all([
      plateau(["language", HMM.id, "--sentences", "20"]),
      plateau(["language", "./pcfg", "--sentences", "20"], { cwd: folder }),
    ]);
    expect(suite.stdout).toMatch(/^hmm@1 {2}hidden Markov model\n\nstates +100\nwords +200\n/);
    expect(file.stdout).toMatch(/^\.\/pcfg {2}probabilistic context-free grammar\n/);
  });
});

describe("--sample", () => {
  const sentences = ({ stdout }: Outcome) =>
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { input_ids: number[]; words: string });

  test("writes sentences of the language, each with its words", async () => {
    const outcome = await plateau(["language", at("hmm.json"), "--sample", "40"]);
    expect([outcome.code, outcome.stderr]).toEqual([0, ""]);
    const all = sentences(outcome);
    expect(all).toHaveLength(40);
    for (const { input_ids, words } of all) {
      expect(words).toMatch(/^a b( a)?$/);
      expect(input_ids).toEqual(words.split(" ").map((word) => 2 + MARKOV.words.indexOf(word)));
    }
    expect(new Set(all.map(({ words }) => words)).size).toBe(2);
  });

  test("the same ones for a seed, however many; others for another", async () => {
    const [few, many, other] = await Promise.all(
      [["10"], ["20000"], ["20000", "--seed", "2"]].map((args) =>
        plateau(["language", "pcfg-mini", "--sample", ...args]),
      ),
    );
    expect(sentences(many!)).toHaveLength(20_000);
    expect(many!.stdout.startsWith(few!.stdout)).toBe(true);
    expect(other!.stdout.slice(0, 1000)).not.toBe(many!.stdout.slice(0, 1000));
  });

  test("stops where the reader does", async () => {
    const { code, signal, stderr } = await plateau(["language", "pcfg-mini", "--sample", "100000000"], {
      during: (child) => child.stdout!.once("data", () => child.stdout!.destroy()),
    });
    expect([signal, stderr]).toEqual([null, ""]);
    expect(code).toBe(0);
  });
});

const WRONG: [what: string, args: readonly string[], code: number, message: RegExp][] = [
  ["no file", ["missing.txt"], 2, /Language missing\.txt does not exist; check the path\./],
  [
    "no such name",
    ["pcfg-maxi"],
    2,
    /no file 'pcfg-maxi', nor a language of that name\. .*pcfg-mini@1, pcfg@1, hmm@1\./,
  ],
  ["a version that is not", ["pcfg@7"], 2, /no file 'pcfg@7', nor a language/],
  ["a folder", ["."], 2, /is a folder; give the grammar in it/],
  ["no sentences", ["coin.txt", "--sentences", "1"], 2, /Expected a whole number from 2/],
  ["sample and json", ["coin.txt", "--json", "--sample", "2"], 2, /cannot be used with option '--json'/],
  ["a negative seed", ["coin.txt", "--seed", "-1"], 2, /Expected a whole number from 0/],
  ["an empty file", ["empty.txt"], 1, /empty\.txt: The grammar has no rules/],
  ["a grammar without end", ["unending.txt"], 1, /unending\.txt: The grammar can go round in S → S/],
  [
    "a sum of 0.9",
    ["bad.json"],
    1,
    /bad\.json: The initial probabilities: the values add up to 0\.9, not to 1/,
  ],
  ["binary", ["binary", "--sample", "3"], 1, /binary is not text in UTF-8\. A grammar holds one rule a line/],
];

test.each(WRONG)("%s: one sentence, and the exit code", async (_, args, code, message) => {
  const outcome = await plateau(["language", ...args], { cwd: folder });
  expect(outcome.stderr).toMatch(message);
  expect(outcome.stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(outcome.stderr).not.toMatch(/Unexpected:/);
  expect(outcome.stdout).toBe("");
  expect(outcome.code).toBe(code);
});

test("help explains the formats", async () => {
  const { code, stdout } = await plateau(["language", "--help"]);
  expect(code).toBe(0);
  for (const part of [
    "--sentences",
    "--sample",
    "--seed",
    "--json",
    "LHS RHS",
    '"transitions"',
    "Examples:",
  ]) {
    expect(stdout).toContain(part);
  }
  expect(Math.max(...stdout.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
});
