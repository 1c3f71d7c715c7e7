/**
 * Minimal pairs: of two sentences the model should find the good one more likely.
 *
 * The score of a sentence is the sum of its tokens' log-likelihoods: the pseudo-log-likelihood of masked models
 * (Salazar et al. 2020), the log-likelihood of causal ones, as BLiMP does it (Warstadt et al. 2020). Where the two
 * sentences differ in length the sum favours the shorter, so the accuracy of the mean per token is given beside it;
 * for equal lengths the two agree.
 *
 * Sentences are given as the model should see them, special tokens included. Those are context, never scored. A causal
 * model gives the first token no probability: both sentences of a pair must begin with the same.
 */
import type { MinimalPairsTask } from "../suites/task.ts";
import type { LogLikelihood } from "./log-likelihood.ts";
import type { ScoredSentence } from "./log-likelihood-rows.ts";
import { TaskError, type TokenIds } from "./sentences.ts";
import { inOrder, placesOf, type Range } from "./ranges.ts";
import { accuracyOf, scoredPositions, sum, type Accuracy } from "./zero-shot.ts";

/** Log-likelihoods of a pair's sentences, nats, and how many tokens each is a sum over. */
export interface PairScore {
  readonly good: number;
  readonly bad: number;
  readonly goodTokens: number;
  readonly badTokens: number;
}

/** Scores of the pairs `[first, first + count)`. */
export interface PairScores extends Range {
  readonly pairs: readonly PairScore[];
}

export interface MinimalPairsResult {
  /** Share of pairs whose good sentence has the larger sum; ties count half. Chance is ½. */
  readonly accuracy: Accuracy;
  /** The same for means per scored token. */
  readonly accuracyPerToken: Accuracy;
  /** good − bad of each pair, nats. */
  readonly margins: readonly number[];
  readonly ties: number;
  /** Pairs whose sentences have different numbers of scored tokens. */
  readonly unequalLengths: number;
}

type Pairs = MinimalPairsTask["pairs"];

/**
 * Scores a range of pairs.
 *
 * @param special tokens that are context only, such as [CLS] and [SEP].
 * @throws TaskError naming the pair that is empty, has equal sentences, nothing to score, or (causal models) two
 * different first tokens; what `LogLikelihood.score` throws.
 */
export async function scoreMinimalPairs(
  model: LogLikelihood,
  pairs: Pairs,
  range: Range = { first: 0, count: pairs.length },
  special: ReadonlySet<number> = new Set(),
): Promise<PairScores> {
  const sentences = placesOf(range, pairs.length).flatMap((i) => {
    const { good, bad } = pairs[i]!;
    const scored = [
      scoredSentence(good, "good", i, model, special),
      scoredSentence(bad, "bad", i, model, special),
    ];
    checkPair(good, bad, i, model);
    return scored;
  });
  const scores = await model.score(sentences);
  const { first, count } = range;
  return {
    first,
    count,
    pairs: Array.from({ length: count }, (_, i) => {
      const [good, bad] = [scores[2 * i]!, scores[2 * i + 1]!];
      return { good: sum(good), bad: sum(bad), goodTokens: good.length, badTokens: bad.length };
    }),
  };
}

/**
 * The result for all `total` pairs from ranges in any order.
 *
 * @throws TaskError for a task without pairs; RangeError where ranges leave pairs out.
 */
export function summariseMinimalPairs(ranges: readonly PairScores[], total: number): MinimalPairsResult {
  if (total === 0) throw new TaskError("The task has no pairs.");
  const pairs = inOrder(ranges, total).flatMap((range) => range.pairs);
  const margins = pairs.map(({ good, bad }) => good - bad);
  const perToken = pairs.map(({ good, bad, goodTokens, badTokens }) => good / goodTokens - bad / badTokens);
  return {
    accuracy: accuracyOf(margins.map(credit)),
    accuracyPerToken: accuracyOf(perToken.map(credit)),
    margins,
    ties: margins.filter((margin) => margin === 0).length,
    unequalLengths: pairs.filter(({ goodTokens, badTokens }) => goodTokens !== badTokens).length,
  };
}

function credit(margin: number): number {
  return margin > 0 ? 1 : margin === 0 ? 0.5 : 0;
}

function scoredSentence(
  ids: TokenIds,
  which: "good" | "bad",
  pair: number,
  { objective }: LogLikelihood,
  special: ReadonlySet<number>,
): ScoredSentence {
  const name = `The ${which} sentence of pair ${pair + 1}`;
  const positions = scoredPositions(ids, objective, special);
  if (positions.length > 0) return { ids, positions, name };
  const reason =
    ids.length === 0
      ? "is empty"
      : objective === "clm"
        ? "has no token after its first to be scored"
        : "has only special tokens";
  throw new TaskError(`${name} ${reason}. Leave the pair out.`);
}

function checkPair(good: TokenIds, bad: TokenIds, pair: number, { objective }: LogLikelihood): void {
  if (good.length === bad.length && good.every((id, t) => id === bad[t])) {
    throw new TaskError(`The two sentences of pair ${pair + 1} are the same. Leave the pair out.`);
  }
  if (objective === "clm" && good[0] !== bad[0]) {
    throw new TaskError(
      `The sentences of pair ${pair + 1} begin with different tokens (${good[0]} and ${bad[0]}), to which a causal ` +
        "model gives no probability. Begin all sentences with the tokenizer's beginning-of-text token.",
    );
  }
}
