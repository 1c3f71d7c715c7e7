/** The language that a command names: a file, or what a known suite is drawn from. */
import { access } from "node:fs/promises";
import { makeLanguage } from "../../shared/languages/definition.ts";
import type { Hmm } from "../../shared/languages/hmm.ts";
import { LanguageError } from "../../shared/languages/language.ts";
import { readLanguage } from "../../shared/languages/parse-language.ts";
import type { Pcfg } from "../../shared/languages/pcfg.ts";
import { HMM, PCFG, PCFG_MINI } from "../../shared/suites/language-suites.ts";
import { readBytes } from "./read-input.ts";
import { UsageError } from "./usage-error.ts";

export interface NamedLanguage {
  /** The file as it was given, or the suite with its version. */
  readonly name: string;
  readonly language: Pcfg | Hmm;
  /** What was done to the text it was read from, one sentence each. */
  readonly warnings: readonly string[];
}

const LANGUAGE_SUITES = [PCFG_MINI, PCFG, HMM];
/** A million rules have some 30 MB. */
const LARGEST = 2 ** 25;

const LANGUAGE_SUITE_IDS: readonly string[] = LANGUAGE_SUITES.map(({ id }) => id);

/**
 * The suite of that name (with or without its version), else the file; `./pcfg` is always a file.
 *
 * @throws UsageError where there is neither, LanguageError where it holds no language that can be sampled.
 */
export async function openLanguage(path: string): Promise<NamedLanguage> {
  const suite = LANGUAGE_SUITES.find(({ id }) => id === path || id.split("@")[0] === path);
  if (suite) return { name: suite.id, language: makeLanguage(suite.language), warnings: [] };
  if (!/[/\\.]/.test(path) && !(await exists(path))) {
    throw new UsageError(
      `There is no file '${path}', nor a language of that name. Give a path, or one of ${LANGUAGE_SUITE_IDS.join(", ")}.`,
    );
  }
  const bytes = await readBytes(path, "language", "give the grammar in it", LARGEST);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new LanguageError(
      `${path} is not text in UTF-8. A grammar holds one rule a line, 'LHS RHS… probability'; a hidden Markov model is ` +
        `JSON.`,
    );
  }
  return { name: path, ...readLanguage(text, path) };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
