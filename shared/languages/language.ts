/** Languages whose probabilities are known exactly, so that the least possible loss is known too. */
import { PlateauError } from "../errors.ts";
import type { RandomStream } from "../random.ts";

/** A language, or a sentence in it, that cannot be used. */
export class LanguageError extends PlateauError {}

/** Stands for a word that is hidden; words are whole numbers from 0. */
export const HIDDEN = -1;

export interface Language {
  readonly kind: "pcfg" | "hmm";
  readonly words: readonly string[];
  /** Words of the longest sentence. */
  readonly maximumLength: number;

  /** Draws a sentence. */
  sample(random: RandomStream): Sample;

  /**
   * Exact conditionals p(word | the words that are not hidden) of every hidden position, in order of position: one
   * Float64Array [words] each, adding up to 1. Several hidden words do not see each other.
   *
   * @throws LanguageError where the language cannot produce such a sentence.
   */
  conditionals(sentence: readonly number[]): Float64Array[];
}

export interface Sample {
  readonly words: readonly number[];
  /** Hidden states, one a word, of languages that have them. */
  readonly states?: readonly number[];
}

/** Entropy of a distribution, nats. */
export function entropyOf(distribution: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < distribution.length; i++) {
    const p = distribution[i]!;
    if (p > 0) sum -= p * Math.log(p);
  }
  return sum;
}

/** Index of the largest number, the first of several. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Draws from distributions by their cumulative sums. */
export class Categorical {
  private readonly cumulative: Float64Array;

  /** @param weights not negative, adding up to more than 0; they need not add up to 1. */
  constructor(weights: ArrayLike<number>) {
    this.cumulative = new Float64Array(weights.length);
    let sum = 0;
    for (let i = 0; i < weights.length; i++) this.cumulative[i] = sum += weights[i]!;
  }

  draw(random: RandomStream): number {
    const { cumulative } = this;
    const target = random.uniform() * cumulative[cumulative.length - 1]!;
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulative[middle]! > target) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
