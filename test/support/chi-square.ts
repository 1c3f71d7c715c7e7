/** Pearson's goodness-of-fit test, for samples against exact probabilities. */

/** Categories that are expected less often are thrown together: the χ² distribution needs a few counts in each. */
const LEAST_EXPECTED = 8;

export interface ChiSquare {
  readonly statistic: number;
  readonly degrees: number;
}

/** χ² of counts under a distribution; a count where the probability is 0 makes it infinite. */
export function chiSquare(counts: ArrayLike<number>, probabilities: ArrayLike<number>): ChiSquare {
  const total = Array.from(counts).reduce((sum, count) => sum + count, 0);
  let statistic = 0;
  let categories = 0;
  const rest = { count: 0, expected: 0 };
  for (let i = 0; i < probabilities.length; i++) {
    const expected = probabilities[i]! * total;
    if (expected === 0 && counts[i]! > 0) return { statistic: Infinity, degrees: 1 };
    if (expected < LEAST_EXPECTED) {
      rest.count += counts[i]!;
      rest.expected += expected;
    } else {
      statistic += (counts[i]! - expected) ** 2 / expected;
      categories++;
    }
  }
  if (rest.expected >= LEAST_EXPECTED) {
    statistic += (rest.count - rest.expected) ** 2 / rest.expected;
    categories++;
  }
  return { statistic, degrees: Math.max(0, categories - 1) };
}

/** χ² of independent tests together. */
export function together(tests: readonly ChiSquare[]): ChiSquare {
  return {
    statistic: tests.reduce((sum, { statistic }) => sum + statistic, 0),
    degrees: tests.reduce((sum, { degrees }) => sum + degrees, 0),
  };
}

/** About a standard normal number where the distribution is right (Wilson and Hilferty 1931). */
export function chiSquareScore({ statistic, degrees }: ChiSquare): number {
  const variance = 2 / (9 * degrees);
  return (Math.cbrt(statistic / degrees) - (1 - variance)) / Math.sqrt(variance);
}
