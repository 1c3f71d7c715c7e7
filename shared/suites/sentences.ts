/** Sentences of a language, drawn for one purpose each: what is drawn for one says nothing of another. */
import { HIDDEN, type Language, type Sample } from "../languages/language.ts";
import { encode } from "../languages/vocabulary.ts";
import { IGNORED, type Example } from "../corpus/corpus.ts";
import { RandomStream } from "../random.ts";

/** Keeps what is drawn for different purposes apart. */
export const Purpose = { corpus: 1, tasks: 2, pairs: 3, training: 4, exact: 5 } as const;
export type Purpose = (typeof Purpose)[keyof typeof Purpose];

/** The i-th sentence, i from 0, each made on its own; and the stream to go on drawing from. */
export function drawSentence(
  language: Language,
  seed: number,
  index: number,
  purpose: Purpose,
): { sample: Sample; random: RandomStream } {
  const random = new RandomStream(seed, index, purpose);
  return { sample: language.sample(random), random };
}

/** Sentences with one hidden word each, at a uniformly drawn position: the corpus on which a masked loss is taken. */
export function maskedCorpus(language: Language, examples: number, seed: number): Example[] {
  return Array.from({ length: examples }, (_, i) => {
    const { sample, random } = drawSentence(language, seed, i, Purpose.corpus);
    const position = random.below(sample.words.length);
    return maskedExample(sample.words, position);
  });
}

/** A sentence with the word at `position` hidden, and asked for. */
export function maskedExample(words: readonly number[], position: number): Example {
  return {
    inputIds: encode(words.with(position, HIDDEN)),
    labels: encode(words).map((id, t) => (t === position ? id : IGNORED)),
  };
}
