/** Probabilistic context-free grammars as lists of rules: binary A → B C, unary A → B, and lexical A → word. */
import { LanguageError } from "./language.ts";
import { quoted } from "./quoted.ts";

/** `left` and `right` are non-terminals; `right` is −1 in unary rules. */
export interface PhraseRule {
  readonly parent: number;
  readonly left: number;
  readonly right: number;
  readonly probability: number;
}

export interface LexicalRule {
  readonly parent: number;
  readonly word: number;
  readonly probability: number;
}

export interface Grammar {
  /** Names; the first is the start symbol. */
  readonly nonterminals: readonly string[];
  readonly words: readonly string[];
  readonly phrases: readonly PhraseRule[];
  readonly lexicon: readonly LexicalRule[];
}

/** A grammar, and what was done to the text it was read from. */
export interface GrammarText {
  readonly grammar: Grammar;
  /** Rules as they were written, repeated ones included. */
  readonly lines: number;
  /** The symbol whose probabilities missed 1 by most before they were scaled to it, and what they added up to. */
  readonly furthest: { readonly symbol: string; readonly total: number };
}

/** Probabilities of a symbol's rules may miss 1 by this much, from rounding when they were printed. */
const ROUNDING = 1e-3;
/** Each takes some hundred bytes, so that more would fill the memory. */
const MOST_RULES = 1_000_000;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The grammar of `readGrammar`. */
export function parseGrammar(text: string): Grammar {
  return readGrammar(text).grammar;
}

/**
 * Reads a grammar: one rule a line, `LHS RHS… probability`, the first line's left side being the start symbol. What
 * stands on a left side somewhere is a non-terminal, everything else a word. Repeated rules add up; probabilities that
 * miss 1 by rounding are scaled to it. Empty lines and what follows a `#` that begins a field are skipped; rules of
 * probability 0 only say that their left side is a non-terminal.
 *
 * @throws LanguageError naming the line.
 */
export function readGrammar(text: string): GrammarText {
  const lines = text.split(/\r\n|\n|\r/).flatMap((line, i) => {
    const rule = line.replace(/(^|\s)#[^]*/, "").trim();
    return rule === "" ? [] : [{ number: i + 1, rule }];
  });
  if (lines.length === 0)
    throw new LanguageError("The grammar has no rules: one a line, 'LHS RHS… probability'.");
  if (lines.length > MOST_RULES) {
    throw new LanguageError(`The grammar has ${lines.length} rules; at most ${MOST_RULES} can be handled.`);
  }
  const nonterminals = [...new Set(lines.map(({ rule }) => /^\S+/.exec(rule)![0]))];
  const symbols = new Map(nonterminals.map((name, i) => [name, i]));
  const merged = new Map<string, { parent: number; right: readonly string[]; probability: number }>();
  for (const { number, rule } of lines) {
    const fields = rule.split(/\s+/);
    const [parent, right, probability] = parseRule(fields, number, symbols);
    const key = fields.slice(0, -1).join(" ");
    const known = merged.get(key);
    if (known) known.probability += probability;
    else merged.set(key, { parent: symbols.get(parent)!, right, probability });
  }

  const totals = new Float64Array(nonterminals.length);
  for (const { parent, probability } of merged.values()) totals[parent]! += probability;
  totals.forEach((total, i) => {
    if (Math.abs(total - 1) <= ROUNDING) return;
    throw new LanguageError(
      `The probabilities of the rules of ${quoted(nonterminals[i]!)} add up to ${Number(total.toPrecision(6))}, not ` +
        `to 1. Add what is missing, or scale them.`,
    );
  });

  const words = new Map<string, number>();
  const phrases: PhraseRule[] = [];
  const lexicon: LexicalRule[] = [];
  for (const { parent, right, probability: unscaled } of merged.values()) {
    const probability = unscaled / totals[parent]!;
    if (probability === 0) continue;
    const [left, second] = right.map((symbol) => symbols.get(symbol));
    if (left !== undefined) phrases.push({ parent, left, right: second ?? -1, probability });
    else {
      const name = right[0]!;
      if (!words.has(name)) words.set(name, words.size);
      lexicon.push({ parent, word: words.get(name)!, probability });
    }
  }
  const furthest = totals.reduce(
    (far, total, i) => (Math.abs(total - 1) > Math.abs(totals[far]! - 1) ? i : far),
    0,
  );
  return {
    grammar: { nonterminals, words: [...words.keys()], phrases, lexicon },
    lines: lines.length,
    furthest: { symbol: nonterminals[furthest]!, total: totals[furthest]! },
  };
}

function parseRule(
  fields: readonly string[],
  line: number,
  symbols: ReadonlyMap<string, number>,
): [parent: string, right: readonly string[], probability: number] {
  const parent = fields[0]!;
  const right = fields.slice(1, -1);
  const printed = fields.at(-1)!;
  const probability = DECIMAL.test(printed) ? Number(printed) : NaN;
  if (right.length === 0) {
    throw new LanguageError(
      `Line ${line} of the grammar, ${quoted(fields.join(" "))}, is not 'LHS RHS… probability'.`,
    );
  }
  if (!(probability >= 0 && probability <= 1 + ROUNDING)) {
    throw new LanguageError(
      `Line ${line} of the grammar: ${quoted(printed)} is not a probability between 0 and 1.`,
    );
  }
  if (right.length > 2) {
    throw new LanguageError(
      `Line ${line} of the grammar: ${quoted(parent)} has ${right.length} symbols on its right; split the rule so ` +
        `that each has a word, one non-terminal or two.`,
    );
  }
  if (right.length === 2) {
    const word = right.find((symbol) => !symbols.has(symbol));
    if (word !== undefined) {
      throw new LanguageError(
        `Line ${line} of the grammar: ${quoted(word)} has no rules of its own, so it is a word, and a word must ` +
          `stand alone on the right; give it a non-terminal.`,
      );
    }
  }
  return [parent, right, probability];
}

/**
 * The grammar in the format that `parseGrammar` reads. Read again, probabilities are the same but for rounding, and words
 * are numbered in the order in which they stand there.
 */
export function formatGrammar({ nonterminals, words, phrases, lexicon }: Grammar): string {
  const lines: string[][] = nonterminals.map(() => []);
  for (const { parent, left, right, probability } of phrases) {
    const children = right < 0 ? [nonterminals[left]] : [nonterminals[left], nonterminals[right]];
    lines[parent]!.push([nonterminals[parent], ...children, probability].join(" "));
  }
  for (const { parent, word, probability } of lexicon) {
    lines[parent]!.push([nonterminals[parent], words[word], probability].join(" "));
  }
  return `${lines.flat().join("\n")}\n`;
}
