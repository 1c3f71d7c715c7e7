import { StatisticsInputError } from "./error.ts";

/**
 * Holm's step-down adjustment (Scandinavian Journal of Statistics 1979) of the m p-values that are not null:
 * p̃₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎). Rejecting p̃ ≤ α keeps the chance of any false rejection below α.
 * Nulls are tests that could not be made: they stay null and do not count.
 *
 * @throws {StatisticsInputError} where a p-value is not in [0, 1].
 */
export function holm(pValues: readonly (number | null)[]): (number | null)[] {
  pValues.forEach((p, i) => {
    if (p !== null && !(p >= 0 && p <= 1))
      throw new StatisticsInputError(`p-value ${i} is ${p}, expected a number from 0 to 1, or null.`);
  });
  const order = pValues.flatMap((p, i) => (p === null ? [] : [{ p, i }])).sort((a, b) => a.p - b.p);
  const adjusted = pValues.map((): number | null => null);
  let largest = 0;
  order.forEach(({ p, i }, before) => {
    largest = Math.max(largest, Math.min(1, (order.length - before) * p));
    adjusted[i] = largest;
  });
  return adjusted;
}
