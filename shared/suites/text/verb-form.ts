/** Form of a verb after an auxiliary. */
import { replaceWord } from "./replace-word.ts";

/** Verbs whose past form is not the base form of another verb, as that of fall or find is. */
const PAST: Readonly<Record<string, string>> = {
  go: "went",
  come: "came",
  take: "took",
  give: "gave",
  know: "knew",
  speak: "spoke",
  eat: "ate",
  do: "did",
  make: "made",
  say: "said",
  bring: "brought",
  send: "sent",
  stand: "stood",
  keep: "kept",
  hear: "heard",
  drink: "drank",
  break: "broke",
  write: "wrote",
  build: "built",
  rise: "rose",
  live: "lived",
  serve: "served",
  pass: "passed",
  die: "died",
};

const VERB = new RegExp(
  `\\b(?:(?:will|shall|may|must|did|do|does)(?: not| also| surely| certainly)?|can|can’t|won’t|don’t|didn’t|doesn’t)(?: [a-z]+ly)? (${Object.keys(PAST).join("|")})\\b`,
  "dg",
);
/** The verb of a question is parted from its auxiliary by the subject. */
const QUESTION = new RegExp(
  `\\b(?:[Ww]ill|[Ss]hall|[Mm]ay|[Dd]id|[Dd]o|[Dd]oes|[Cc]an|[Ww]on’t|[Dd]idn’t|[Dd]on’t|[Dd]oesn’t) (?:I|you|he|she|it|we|they|the [a-z]+|my [a-z]+|your [a-z]+|his [a-z]+) (?:not |also )?(${Object.keys(PAST).join("|")})\\b`,
  "dg",
);

/** A verb's past in place of its base form. */
export function verbForm(sentence: string): string[] {
  return [...sentence.matchAll(VERB), ...sentence.matchAll(QUESTION)].flatMap((match) =>
    replaceWord(sentence, match, 1, PAST[match[1]!]!),
  );
}
