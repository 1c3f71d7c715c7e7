/** The least loss that any model of a language can have. */
import { entropyOf, HIDDEN, type Language } from "../../shared/languages/language.ts";
import { drawSentence, Purpose } from "../../shared/suites/sentences.ts";

export interface MaskedLoss {
  /** Mean entropy of a hidden word given the others, nats. */
  readonly value: number;
  readonly standardError: number;
}

/**
 * The optimal masked-word loss: one word a sentence is hidden, at a uniformly drawn position, and the entropy of its exact
 * conditional is taken. The sentences and positions are those of a suite's corpus with the same seed.
 *
 * @param sentences at least 2, for the error.
 * @param onProgress told after each sentence how many are done.
 */
export function optimalMaskedLoss(
  language: Language,
  sentences: number,
  seed: number,
  onProgress: (done: number) => void,
): MaskedLoss {
  // Welford's updates.
  let mean = 0;
  let squares = 0;
  for (let i = 0; i < sentences; i++) {
    const { sample, random } = drawSentence(language, seed, i, Purpose.corpus);
    const position = random.below(sample.words.length);
    const entropy = entropyOf(language.conditionals(sample.words.with(position, HIDDEN))[0]!);
    const step = entropy - mean;
    mean += step / (i + 1);
    squares += step * (entropy - mean);
    onProgress(i + 1);
  }
  return { value: mean, standardError: Math.sqrt(squares / (sentences - 1) / sentences) };
}
