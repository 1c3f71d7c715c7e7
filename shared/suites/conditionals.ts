/** What a suite's language says about its corpus: the exact conditional of every labelled token. */
import { targetsOf } from "../corpus/corpus.ts";
import { makeLanguage } from "../languages/definition.ts";
import { entropyOf, LanguageError } from "../languages/language.ts";
import { decode } from "../languages/vocabulary.ts";
import type { Range } from "../probes/ranges.ts";
import type { Suite } from "./suite.ts";

/**
 * p(token | the tokens that are not hidden) of every labelled token, in the corpus's order: Float64Array [vocabulary]
 * each, adding up to 1. Null where the suite's language is not known, and for causal suites: what is known are the
 * conditionals of hidden words, given the words on both sides.
 *
 * @param among examples that will be asked for; those of others are left out, and leave gaps.
 * @throws LanguageError where an example is no sentence of the language, or a label stands at a token that is not hidden.
 */
export function suiteConditionals({ definition, corpus }: Suite, among?: Range): Float64Array[] | null {
  if (!definition.language || definition.objective === "clm") return null;
  const language = makeLanguage(definition.language);
  const { size } = definition.vocabulary;
  const conditionals: Float64Array[] = [];
  corpus.examples.forEach((example, i) => {
    const targets = targetsOf(example, definition.objective);
    if (among && (i < among.first || i >= among.first + among.count)) {
      conditionals.length += targets.length;
      return;
    }
    const sentence = decode(example.inputIds, language.words.length);
    if (
      !sentence ||
      targets.some(({ position }) => example.inputIds[position] !== definition.vocabulary.mask)
    ) {
      throw new LanguageError(
        `${definition.id}, corpus[${i}]: excess loss needs sentences of the language whose labelled tokens are all ` +
          `masked, and no others.`,
      );
    }
    const found = language.conditionals(sentence);
    if (found.length !== targets.length) {
      throw new LanguageError(
        `${definition.id}, corpus[${i}]: ${found.length} tokens are masked, but ${targets.length} are labelled.`,
      );
    }
    for (const words of found) {
      const row = new Float64Array(size);
      row.set(words, size - words.length);
      conditionals.push(row);
    }
  });
  return conditionals;
}

/** The least possible loss: mean entropy of the conditionals, nats a labelled token, with its standard error. */
export function optimalLoss(conditionals: readonly Float64Array[]): { value: number; standardError: number } {
  const entropies = conditionals.map(entropyOf);
  const count = entropies.length;
  const value = entropies.reduce((sum, h) => sum + h, 0) / count;
  const variance = entropies.reduce((sum, h) => sum + (h - value) ** 2, 0) / (count - 1);
  return { value, standardError: Math.sqrt(variance / count) };
}
