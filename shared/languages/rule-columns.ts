/** A grammar's rules as typed arrays, grouped by what the chart looks them up by. */
import type { Grammar } from "./grammar.ts";

/** Binary rules as columns; those of group g stand at [first[g], first[g + 1]). */
export interface RuleColumns {
  readonly first: Int32Array;
  readonly parent: Int32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly probability: Float64Array;
}

export function groupRules(
  rules: Grammar["phrases"],
  groups: number,
  groupOf: (rule: Grammar["phrases"][number]) => number,
): RuleColumns {
  const sorted = [...rules].sort((a, b) => groupOf(a) - groupOf(b));
  const first = new Int32Array(groups + 1);
  for (const rule of sorted) first[groupOf(rule) + 1]!++;
  for (let group = 0; group < groups; group++) first[group + 1]! += first[group]!;
  return {
    first,
    parent: Int32Array.from(sorted, ({ parent }) => parent),
    left: Int32Array.from(sorted, ({ left }) => left),
    right: Int32Array.from(sorted, ({ right }) => right),
    probability: Float64Array.from(sorted, ({ probability }) => probability),
  };
}

/** Lexical rules as columns; those of a word stand at [first[word], first[word + 1]). */
export interface LexicalColumns {
  readonly first: Int32Array;
  readonly parent: Int32Array;
  readonly probability: Float64Array;
}

/** Lexical rules, their probabilities times `scale`. */
export function groupByWord(lexicon: Grammar["lexicon"], words: number, scale: number): LexicalColumns {
  const sorted = [...lexicon].sort((a, b) => a.word - b.word || a.parent - b.parent);
  const first = new Int32Array(words + 1);
  for (const { word } of sorted) first[word + 1]!++;
  for (let word = 0; word < words; word++) first[word + 1]! += first[word]!;
  return {
    first,
    parent: Int32Array.from(sorted, ({ parent }) => parent),
    probability: Float64Array.from(sorted, ({ probability }) => probability * scale),
  };
}
