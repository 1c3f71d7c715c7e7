/** Nouns of a text, found by the words around them. */

export const DETERMINER = "the|his|her|their|my|your|our";
/** What follows is no noun, so that the word before is not part of a longer name. */
export const NO_NOUN =
  "(?=[,.;:?!]| (?:of|and|who|which|that|from|for|with|to|in|on|by|was|were|is|are|had|has|have|will|shall)\\b)";

const LEAST_COUNT = 20;
/** Of a noun's occurrences, so many at least stand between a determiner and no noun. */
const NOUN_SHARE = 0.3;
/** An adjective stands between a determiner and a noun more often than that. */
const ADJECTIVE_RATIO = 0.5;

export interface Noun {
  readonly word: string;
  readonly count: number;
  readonly plural: boolean;
}

export function commonNouns(lines: readonly string[]): Map<string, Noun> {
  const text = lines.join("\n");
  const all = tally(text, /\b([a-z]{3,})\b/g);
  const determined = tally(text, new RegExp(`\\b(?:${DETERMINER}) ([a-z]{3,})\\b`, "gi"));
  const asNoun = tally(text, new RegExp(`\\b(?:${DETERMINER}) ([a-z]{3,})${NO_NOUN}`, "gi"));
  const nouns = [...all].filter(([word, count]) => {
    const noun = asNoun.get(word) ?? 0;
    return (
      count >= LEAST_COUNT &&
      noun >= NOUN_SHARE * count &&
      (determined.get(word) ?? 0) - noun <= ADJECTIVE_RATIO * noun
    );
  });
  return new Map(
    nouns.map(([word, count]) => [word, { word, count, plural: /(s|men|children)$/.test(word) }]),
  );
}

function tally(text: string, pattern: RegExp): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { 1: word } of text.matchAll(pattern)) counts.set(word!, (counts.get(word!) ?? 0) + 1);
  return counts;
}
