/** Person of a reflexive pronoun against that of its subject. */
import { replaceWord } from "./replace-word.ts";

interface Person {
  readonly reflexives: readonly string[];
  readonly subject: RegExp;
  /** Any form that could be what another reflexive refers to. */
  readonly mentioned: RegExp;
}

const FIRST: Person = {
  reflexives: ["myself", "ourselves"],
  subject: /\b(I|we|We)\b/,
  mentioned: /\b(I|me|my|mine|we|us|our|ours|let)\b/i,
};
const SECOND: Person = {
  reflexives: ["yourself", "yourselves"],
  subject: /\b(you|You)\b/,
  mentioned: /\b(you|your|yours)\b/i,
};
const THIRD: Person = {
  reflexives: ["himself", "herself", "themselves"],
  subject: /\b(he|she|they|He|She|They)\b/,
  mentioned: /\b(he|him|his|she|her|hers|they|them|their)\b/i,
};

const PERSONS = [FIRST, SECOND, THIRD];

/**
 * Sentences with one reflexive, with one of a person that the sentence does not mention. A third person is only brought in
 * where the subject stands before in the clause (any noun could be its antecedent), a second never (the subject of an
 * imperative is not seen).
 */
export function reflexive(sentence: string): string[] {
  const found = [...sentence.matchAll(/\b(\w+sel(?:f|ves))\b/dg)].filter(({ 1: word }) =>
    PERSONS.some(({ reflexives }) => reflexives.includes(word!)),
  );
  if (found.length !== 1) return [];
  const match = found[0]!;
  const own = PERSONS.find(({ reflexives }) => reflexives.includes(match[1]!))!;
  const clause = sentence
    .slice(0, match.index)
    .split(/[;:.?!“”]/)
    .at(-1)!;
  const others = own.subject.test(clause) ? [FIRST, THIRD] : [FIRST];
  return others
    .filter((person) => person !== own && !person.mentioned.test(sentence.replace(match[1]!, "")))
    .flatMap((person) => person.reflexives.filter((word) => word !== "herself"))
    .flatMap((word) => replaceWord(sentence, match, 1, word));
}
