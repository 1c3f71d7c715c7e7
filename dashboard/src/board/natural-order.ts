/** Names in the order people expect: `step-900` before `step-1000`, whatever the case. */
import { foldedLabel } from "../../../shared/api/label.ts";

/** Plain comparison of these keys is natural order; a collator would take ten times as long on ten thousand names. */
export function naturalKey(text: string): string {
  // Of two numbers the one with more digits is larger.
  return foldedLabel(text).replace(/\d+/g, (digits) => {
    const significant = digits.replace(/^0+(?=\d)/, "");
    return String.fromCharCode(0x30 + Math.min(significant.length, 60)) + significant;
  });
}

/** [texts]: the place of each in natural order, equal texts sharing one; NaN for null. */
export function naturalRanks(texts: readonly (string | null)[]): Float64Array {
  const distinct = [...new Set(texts)].filter((text) => text !== null);
  const keyed = distinct.map((text) => ({ text, key: naturalKey(text) }));
  keyed.sort((a, b) => compare(a.key, b.key) || compare(a.text, b.text));
  const ranks = new Map(keyed.map(({ text }, rank) => [text, rank]));
  return Float64Array.from(texts, (text) => (text === null ? NaN : ranks.get(text)!));
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
