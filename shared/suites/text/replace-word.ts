/** Changes one word of a sentence. */

/** The sentence with a group of a match (made with the flag d) replaced, its capital kept. */
export function replaceWord(sentence: string, match: RegExpExecArray, group: number, word: string): string[] {
  const [start, end] = match.indices![group]!;
  const cased = /[A-Z]/.test(sentence[start]!) ? word[0]!.toUpperCase() + word.slice(1) : word;
  return [sentence.slice(0, start) + cased + sentence.slice(end)];
}
