/** Number of a verb against that of its subject. */
import { replaceWord } from "./replace-word.ts";

const OTHER_NUMBER: Readonly<Record<string, string>> = {
  was: "were",
  were: "was",
  is: "are",
  are: "is",
  has: "have",
  have: "has",
};

const PLURAL = new Set(["were", "are", "have"]);

/** After these, were, have and be are subjunctive with any subject: “if he were”, “lest he have”. */
const SUBJUNCTIVE = /\b(if|lest|that|though|unless|whether|until|till|except|wish|let|may|would|should)\b/i;

/** A form of be or have with the other number; where the sentence has one apart from its subject, only such. */
export function agreement(sentence: string): string[] {
  const distant = distantAgreement(sentence);
  return distant.length > 0 ? distant : [...pronounAgreement(sentence), ...nounAgreement(sentence)];
}

function pronounAgreement(sentence: string): string[] {
  return [
    ...sentence.matchAll(/\b(he|she|it) (was|is|has)\b/dgi),
    ...sentence.matchAll(/\b(they|we) (were|are|have)\b/dgi),
  ].flatMap((match) => {
    const before = sentence.slice(0, match.index);
    // “Did they have” is a question, “the king and he are” has two subjects, “as it were” an idiom.
    if (SUBJUNCTIVE.test(before) || /(\b(as|do|did|does|don’t|didn’t)|[^,;:] (and|or)) $/i.test(before))
      return [];
    return replaceWord(sentence, match, 2, OTHER_NUMBER[match[2]!]!);
  });
}

/** Names of groups take either number; a title may be an address (“My lord, have mercy”). */
const EITHER_NUMBER = new Set(
  "people congregation army armies multitude company family rest number host crowd fish sheep cattle livestock remnant half nation tribe house whole flock herd offspring seed assembly council band descendants lord god yahweh king others same other poor rich wicked righteous dead living one ones few many most more first last least".split(
    " ",
  ),
);

function nounAgreement(sentence: string): string[] {
  const match =
    /^“?(?:The|His|Her|Its|Their|My|Your|Our|These|Those|This|A|An) ([a-z]+) (was|were|is|are|has|have)\b/d.exec(
      sentence,
    );
  if (!match || EITHER_NUMBER.has(match[1]!)) return [];
  // “The upright have” could be one upright man.
  if (PLURAL.has(match[2]!) && !/(s|men|children|oxen|feet|teeth)$/.test(match[1]!)) return [];
  return replaceWord(sentence, match, 2, OTHER_NUMBER[match[2]!]!);
}

const SUBJECT = "(?:[Tt]he|[Hh]is|[Hh]er|[Tt]heir|[Mm]y|[Yy]our|[Oo]ur|[Tt]hese|[Tt]hose)";
/** “of his brother”, “in the land”, one to three times. */
const PHRASES =
  "(?:(?: (?:of|in|on|from|for|with|among|before|under|at|by|to)(?: the| his| her| their| my| your| our| all| this| that)* [A-Za-z]+){1,3})";
const VERB = "(was|were|is|are|has|have)";

/** A form of be or have after its subject and up to nine words more, with the other number. */
function distantAgreement(sentence: string): string[] {
  const before = String.raw`(?:^|[“.;:] ?|[,;] (?:and|but|for|so) )`;
  const noun = new RegExp(`${before}${SUBJECT} ([a-z]+)${PHRASES} ${VERB}\\b`, "dg");
  const pronoun =
    /\b(he|she|they|those|we) (?:also|all|both|still|indeed|now|certainly|surely|himself|herself|themselves|too|never|always|truly|who [a-z]+(?:s|ed)?(?: [a-z]+){0,5}) (was|were|is|are|has|have)\b/dgi;
  return [
    ...[...sentence.matchAll(noun)].filter(({ 1: head, 2: verb }) => {
      const plural = /(s|men|children|oxen|feet|teeth)$/.test(head!) && !/ss$/.test(head!);
      return !EITHER_NUMBER.has(head!) && plural === PLURAL.has(verb!);
    }),
    ...[...sentence.matchAll(pronoun)].filter(
      ({ 0: phrase, 1: head, 2: verb, index }) =>
        /^(they|those|we)$/i.test(head!) === PLURAL.has(verb!) &&
        // A second verb before the last one would have a subject of its own.
        !/ (who|was|were|is|are|has|have|that|which|what|how|why|where|he|they|it|and) /.test(
          phrase.slice(phrase.indexOf(" who ") + 5, -verb!.length),
        ) &&
        !/ (who|was|were|is|are|has|have) (was|were|is|are|has|have)$/.test(phrase) &&
        !SUBJUNCTIVE.test(sentence.slice(0, index)),
    ),
  ].flatMap((match) => replaceWord(sentence, match, 2, OTHER_NUMBER[match[2]!]!));
}
