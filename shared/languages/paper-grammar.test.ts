/** The grammar that was released with Liu et al. (2023), which lies beside the repository and is no part of it. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RandomStream } from "../random.ts";
import { describeLanguage } from "./describe-language.ts";
import { HIDDEN } from "./language.ts";
import { readLanguage } from "./parse-language.ts";
import { Pcfg } from "./pcfg.ts";

const FILE = new URL("../../../shared/paper/rules.txt", import.meta.url);
const REASON = existsSync(FILE) ? "" : " (skipped: ../shared/paper/rules.txt is not here)";

test.skipIf(REASON !== "")(`the paper's grammar has its known shape${REASON}`, () => {
  const { language, warnings } = readLanguage(readFileSync(FILE, "utf8"), "rules.txt");
  expect(describeLanguage(language)).toMatchObject({
    kind: "pcfg",
    nonterminals: 50,
    // Nothing leads to A1_9.
    levels: [1, 9, 9, 10, 10, 10],
    rules: { binary: 556, unary: 9, lexical: 842 },
    words: 200,
    longestSentence: 16,
    unused: { nonterminals: ["A1_9"], states: [], words: [] },
  });
  expect(warnings).toEqual([
    "Probabilities were scaled to a sum of 1; furthest from it were those of 'A4_1', by 2.3e-4.",
    "242 of 1649 rules are repeated, and were added up, or of probability 0.",
  ]);
  const lengths = new Set<number>();
  for (let i = 0; i < 300; i++) {
    const { words } = language.sample(new RandomStream(1, i));
    lengths.add(words.length);
    const position = i % words.length;
    const [conditional] = language.conditionals(words.with(position, HIDDEN));
    // p(word | rest) from its definition.
    const joint = (language as Pcfg).logProbability(words);
    const rest = (language as Pcfg).logProbability(words.with(position, HIDDEN));
    expect(conditional![words[position]!]).toBeCloseTo(Math.exp(joint - rest), 12);
  }
  expect(Math.min(...lengths)).toBe(2);
  expect(Math.max(...lengths)).toBe(16);
});
