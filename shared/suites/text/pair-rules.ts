/**
 * Rules that spoil an English sentence by changing a word or two, in the way of BLiMP (Warstadt et al. 2020), but from
 * sentences that someone wrote. The rules of grammar apply only where no reading of the outcome is grammatical.
 */
import { agreement } from "./agreement.ts";
import { commonNouns } from "./common-nouns.ts";
import { exchangedNouns, wordChoice } from "./noun-rules.ts";
import type { PairRule } from "./pair-rule.ts";
import { reflexive } from "./reflexive.ts";
import { verbForm } from "./verb-form.ts";

const GRAMMAR: readonly PairRule[] = [
  {
    id: "agreement",
    title: "Subject and verb",
    description:
      "The number of a form of be or have: “The sons of Israel were” against “The sons of Israel was”, “he has” against “he have”.",
    spoil: agreement,
  },
  {
    id: "reflexive",
    title: "Reflexive pronouns",
    description:
      "A reflexive pronoun of the person of its subject against one of a person that the sentence does not mention: “They presented themselves” against “They presented ourselves”.",
    spoil: reflexive,
  },
  {
    id: "verb-form",
    title: "Verb after an auxiliary",
    description:
      "The base form of a verb that has an auxiliary against its past form: “will give” against “will gave”.",
    spoil: verbForm,
  },
];

/** All rules; those about nouns take the nouns, and how frequent they are, from `lines` of text. */
export function pairRules(lines: readonly string[]): readonly PairRule[] {
  const nouns = commonNouns(lines);
  return [...GRAMMAR, exchangedNouns(nouns), wordChoice(nouns)];
}
