/**
 * Hidden Markov models as JSON:
 * `{"words": […], "initial": […], "transitions": [[…]], "emissions": [[…]], "lengths": […]}`, see `HmmParameters`.
 */
import { z } from "zod";
import type { HmmParameters } from "./hmm.ts";
import { LanguageError } from "./language.ts";
import { quoted } from "./quoted.ts";

const probabilities = z.array(z.number()).readonly();
const rows = z.array(probabilities).readonly();

const schema = z.strictObject({
  words: z.array(z.string().regex(/^\S+$/, "expected a word without blanks")).readonly(),
  initial: probabilities,
  transitions: rows,
  emissions: rows,
  lengths: probabilities,
});

/**
 * Reads a hidden Markov model. Whether its rows are distributions of the right size is for `Hmm` to check.
 *
 * @param name how errors call the text, such as its file.
 * @throws LanguageError naming the field.
 */
export function parseHmm(text: string, name: string): HmmParameters {
  let record: unknown;
  try {
    record = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    const why = error instanceof Error ? error.message.replaceAll(/\s+/g, " ").slice(0, 120) : String(error);
    throw new LanguageError(`${name} is not JSON, which a hidden Markov model is written in: ${why}.`);
  }
  const parsed = schema.safeParse(record);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    const where = path.length > 0 ? `${path.join(".")}: ` : "";
    throw new LanguageError(
      `${name} is not a hidden Markov model: ${where}${message.slice(0, 200)}. It must hold words, initial, ` +
        `transitions, emissions and lengths, and nothing else.`,
    );
  }
  const seen = new Set<string>();
  parsed.data.words.forEach((word, i) => {
    if (seen.has(word))
      throw new LanguageError(`${name}: words.${i}, ${quoted(word)}, is a word already; name each once.`);
    seen.add(word);
  });
  return parsed.data;
}
