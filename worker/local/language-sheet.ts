/** A language in words and numbers: what `plateau language` shows. */
import type { LanguageShape } from "../../shared/languages/describe-language.ts";
import type { MaskedLoss } from "./masked-loss.ts";
import { grouped, measured, plural, significant } from "./numbers.ts";
import { printable, styled, wrap } from "./terminal.ts";

/** What --json writes; its keys stay. */
export interface LanguageSheet extends LanguageShape {
  readonly file: string;
  /** Optimal loss of a masked word. */
  readonly maskedLoss: MaskedLoss & { readonly unit: "nats/token" };
  readonly perplexity: { readonly value: number; readonly standardError: number };
  /** Sentences that the loss was averaged over, and which. */
  readonly sentences: number;
  readonly seed: number;
  readonly seconds: number;
  readonly warnings: readonly string[];
}

const KINDS = { pcfg: "probabilistic context-free grammar", hmm: "hidden Markov model" } as const;
/** Names listed before "and N more". */
const LISTED = 10;

/** Sentences on what a language holds and never uses. */
export function unusedWarnings({ unused, nonterminals, states, words }: LanguageShape): string[] {
  const sentence = (names: readonly (string | number)[], all: number, what: string): string[] => {
    if (names.length === 0) return [];
    const more = names.length > LISTED ? ` and ${grouped(names.length - LISTED)} more` : "";
    return [
      `${grouped(names.length)} of ${plural(all, what)} never ${names.length === 1 ? "occurs" : "occur"} in a sentence: ` +
        `${names.slice(0, LISTED).join(", ")}${more}.`,
    ];
  };
  return [
    ...sentence(unused.nonterminals, nonterminals ?? 0, "non-terminal"),
    ...sentence(unused.states, states ?? 0, "state"),
    ...sentence(unused.words, words, "word"),
  ];
}

/** Lines for a terminal of this width. */
export function languageLines(sheet: LanguageSheet, width: number): string[] {
  const { file, kind, nonterminals, levels, rules, states, maskedLoss, perplexity } = sheet;
  const rows: [string, string][] = [];
  if (nonterminals !== null) {
    const byLevel = levels === null ? "" : ` (reachable ones by level: ${levels.join(", ")})`;
    rows.push(["non-terminals", `${grouped(nonterminals)}${byLevel}`]);
  }
  if (rules) {
    const { binary, unary, lexical } = rules;
    const parts = `${grouped(binary)} binary, ${grouped(unary)} unary, ${grouped(lexical)} lexical`;
    rows.push(["rules", `${grouped(binary + unary + lexical)} (${parts})`]);
  }
  if (states !== null) rows.push(["states", grouped(states)]);
  rows.push(
    ["words", grouped(sheet.words)],
    ["longest sentence", plural(sheet.longestSentence, "word")],
    ["mean length", `${significant(sheet.meanLength, 5)} words`],
    ["optimal loss", `${withError(maskedLoss)} nats a masked word`],
    ["perplexity", withError(perplexity)],
  );
  const column = Math.max(...rows.map(([label]) => label.length)) + 2;
  const drawn = `One masked word in each of ${grouped(sheet.sentences)} sentences (seed ${sheet.seed}), ${significant(sheet.seconds, 2)} s.`;
  return [
    `${styled("bold", printable(file))}  ${KINDS[kind]}`,
    "",
    ...rows.flatMap(([label, text]) => wrap(label.padEnd(column) + text, width, " ".repeat(column))),
    "",
    ...wrap(drawn, width, "  ").map((line) => styled("dim", line)),
    ...sheet.warnings.flatMap((text) => wrap(printable(`! ${text}`), width, "  ")),
  ];
}

function withError({
  value,
  standardError,
}: {
  readonly value: number;
  readonly standardError: number;
}): string {
  const [shown, error] = measured(value, standardError);
  return `${shown} ± ${error || "0"}`;
}
