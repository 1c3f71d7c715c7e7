/** Names and sentences inside messages, cut short: they come from files of strangers. */
import { HIDDEN } from "./language.ts";

const LONGEST_NAME = 40;
const LONGEST_SENTENCE = 20;

/** `'NP'`. */
export function quoted(text: string): string {
  return text.length > LONGEST_NAME ? `'${text.slice(0, LONGEST_NAME)}…'` : `'${text}'`;
}

/** `'w3 […] w7'`, hidden words as `[…]`. */
export function quotedSentence(sentence: readonly number[], words: readonly string[]): string {
  const shown = sentence
    .slice(0, LONGEST_SENTENCE)
    .map((word) => (word === HIDDEN ? "[…]" : quoted(words[word]!).slice(1, -1)));
  return sentence.length > LONGEST_SENTENCE
    ? `'${shown.join(" ")} …' (${sentence.length} words)`
    : `'${shown.join(" ")}'`;
}
