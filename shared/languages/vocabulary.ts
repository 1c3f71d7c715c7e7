/** Token ids of a language's words: padding and mask come first. */
import { HIDDEN } from "./language.ts";

export const PAD = 0;
export const MASK = 1;
const FIRST_WORD = 2;

/** Token ids a model of a language with this many words must know. */
export function vocabularySize(words: number): number {
  return words + FIRST_WORD;
}

/** Token ids of a sentence; hidden words become the mask. */
export function encode(sentence: readonly number[]): number[] {
  return sentence.map((word) => (word === HIDDEN ? MASK : word + FIRST_WORD));
}

/** Words of token ids; the mask becomes a hidden word. Null where an id is no word: padding, or past the vocabulary. */
export function decode(ids: readonly number[], words: number): number[] | null {
  const sentence = ids.map((id) => (id === MASK ? HIDDEN : id - FIRST_WORD));
  return sentence.every((word) => Number.isInteger(word) && word >= HIDDEN && word < words) ? sentence : null;
}
