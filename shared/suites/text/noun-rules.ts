/** Pairs that grammar does not decide: which nouns go with the other words of a sentence. */
import { DETERMINER, NO_NOUN, type Noun } from "./common-nouns.ts";
import type { PairRule } from "./pair-rule.ts";
import { replaceWord } from "./replace-word.ts";

const NOUN = new RegExp(`\\b(?:${DETERMINER}) ([a-z]{3,})${NO_NOUN}`, "dg");
/** Frequencies are alike up to this factor. */
const LIKE = 1.5;

/** A noun against another one that is as frequent. */
export function wordChoice(nouns: ReadonlyMap<string, Noun>): PairRule {
  const others = ({ word, count, plural }: Noun, sentence: string) =>
    [...nouns.values()].filter(
      (other) =>
        other.word !== word &&
        other.plural === plural &&
        other.count < count * LIKE &&
        count < other.count * LIKE &&
        !sentence.includes(other.word),
    );
  return {
    id: "word-choice",
    title: "Choice of nouns",
    description:
      "A noun against another of the same number and about the same frequency in the training text: “All are from the dust” against “All are from the throne”.",
    spoil: (sentence) =>
      [...sentence.matchAll(NOUN)].flatMap((match) => {
        const noun = nouns.get(match[1]!);
        return noun
          ? others(noun, sentence).flatMap(({ word }) => replaceWord(sentence, match, 1, word))
          : [];
      }),
  };
}

const OF_PHRASE = new RegExp(`\\bthe ([a-z]{3,}) of (${DETERMINER}) ([a-z]{3,})${NO_NOUN}`, "g");

/** The nouns of an of-phrase exchanged. */
export function exchangedNouns(nouns: ReadonlyMap<string, Noun>): PairRule {
  return {
    id: "exchanged-nouns",
    title: "Order of nouns",
    description:
      "The two nouns of an of-phrase exchanged: “the blood of the bull” against “the bull of the blood”.",
    spoil: (sentence) =>
      [...sentence.matchAll(OF_PHRASE)].flatMap(({ 0: phrase, 1: head, 2: determiner, 3: of, index }) =>
        head !== of && nouns.has(head!) && nouns.has(of!)
          ? [
              `${sentence.slice(0, index)}the ${of!} of ${determiner!} ${head!}${sentence.slice(index + phrase.length)}`,
            ]
          : [],
      ),
  };
}
