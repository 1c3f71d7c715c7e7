/** Minimal pairs from sentences that someone wrote and rules that spoil them. */
import type { TextTokenizer } from "../../corpus/tokenizer.ts";
import { RandomStream } from "../../random.ts";
import type { MinimalPairsTask } from "../task.ts";
import type { PairRule } from "./pair-rule.ts";

export interface PairOptions {
  /** The most pairs, drawn at random where there are more. */
  readonly pairs: number;
  /** The most tokens of a sentence, special ones included. */
  readonly length: number;
  readonly seed: number;
  /** Which random numbers; other for each task. */
  readonly purpose: number;
}

export interface TextPair {
  readonly good: string;
  readonly bad: string;
}

/** One pair a sentence at most, of equally many tokens: sums of log-likelihoods then compare like with like. */
export function minimalPairs(
  sentences: readonly string[],
  rule: PairRule,
  tokenizer: TextTokenizer,
  { pairs, length, seed, purpose }: PairOptions,
): { readonly task: MinimalPairsTask; readonly texts: readonly TextPair[] } {
  const random = new RandomStream(seed, 0, purpose);
  const encode = (sentence: string) => [
    ...tokenizer.prefix,
    ...tokenizer.encode(`${sentence}\n`),
    ...tokenizer.suffix,
  ];
  const found = random.shuffle([...sentences]).flatMap((sentence) => {
    const spoilt = rule.spoil(sentence);
    if (spoilt.length === 0) return [];
    const text: TextPair = { good: sentence, bad: spoilt[random.below(spoilt.length)]! };
    const [good, bad] = [encode(text.good), encode(text.bad)];
    return good.length === bad.length && good.length <= length ? [{ text, pair: { good, bad } }] : [];
  });
  const chosen = found.slice(0, pairs);
  const { id, title, description } = rule;
  return {
    task: { kind: "minimal-pairs", id, title, description, pairs: chosen.map(({ pair }) => pair) },
    texts: chosen.map(({ text }) => text),
  };
}
