/** Reads a language from a text: a grammar, or a hidden Markov model. */
import { readGrammar } from "./grammar.ts";
import { Hmm } from "./hmm.ts";
import { LanguageError } from "./language.ts";
import { parseHmm } from "./parse-hmm.ts";
import { Pcfg } from "./pcfg.ts";
import { quoted } from "./quoted.ts";

/** A language, and what was done to its text. */
export interface LanguageText {
  readonly language: Pcfg | Hmm;
  /** What a user should know, one sentence each. */
  readonly warnings: readonly string[];
}

/** Sums of probabilities within this of 1 are rounding of doubles, not worth a word. */
const DOUBLE_ROUNDING = 1e-9;

/** The language of `readLanguage`. */
export function parseLanguage(text: string, name: string): Pcfg | Hmm {
  return readLanguage(text, name).language;
}

/**
 * Reads a text that begins with `{` or `[` as the JSON of a hidden Markov model (`parseHmm`), any other as a grammar
 * (`readGrammar`).
 *
 * @param name how errors call the text, such as its file.
 * @throws LanguageError naming the line or field, and where the language cannot be sampled.
 */
export function readLanguage(text: string, name: string): LanguageText {
  if (/^\s*[{[]/.test(text)) {
    const parameters = parseHmm(text, name);
    return { language: named(name, () => new Hmm(parameters)), warnings: scaledRows(parameters) };
  }
  return named(name, () => {
    const { grammar, lines, furthest } = readGrammar(text);
    const distinct = grammar.phrases.length + grammar.lexicon.length;
    const warnings: string[] = [];
    if (Math.abs(furthest.total - 1) > DOUBLE_ROUNDING) {
      warnings.push(
        `Probabilities were scaled to a sum of 1; furthest from it were those of ${quoted(furthest.symbol)}, ` +
          `by ${distance(furthest.total)}.`,
      );
    }
    if (distinct < lines) {
      warnings.push(
        `${lines - distinct} of ${lines} rules are repeated, and were added up, or of probability 0.`,
      );
    }
    return { language: new Pcfg(grammar), warnings };
  });
}

function scaledRows({ initial, transitions, emissions, lengths }: Hmm["parameters"]): string[] {
  let furthest = 1;
  for (const row of [initial, ...transitions, ...emissions, lengths]) {
    const total = row.reduce((sum, probability) => sum + probability, 0);
    if (Math.abs(total - 1) > Math.abs(furthest - 1)) furthest = total;
  }
  if (Math.abs(furthest - 1) <= DOUBLE_ROUNDING) return [];
  return [`Probabilities were scaled to a sum of 1; the furthest row missed it by ${distance(furthest)}.`];
}

function distance(total: number): string {
  return Math.abs(total - 1).toExponential(1);
}

function named<Result>(name: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof LanguageError) throw new LanguageError(`${name}: ${error.message}`);
    throw error;
  }
}
