import { requireFinite } from "./error.ts";
import { definedCorrelation, undefinedCorrelation, whyUndefined, type Correlation } from "./correlation.ts";

/**
 * Kendall's τ-b = (concordant − discordant pairs) / √(pairs untied in x · pairs untied in y)
 * (Kendall, "The treatment of ties in ranking problems", Biometrika 1945). All pairs are visited: O(n²).
 *
 * @throws {StatisticsInputError} where the lists differ in length or hold anything but finite numbers.
 */
export function kendall(x: readonly number[], y: readonly number[]): Correlation {
  requireFinite({ x, y });
  const reason = whyUndefined({ x, y });
  if (reason !== null) return undefinedCorrelation(reason);
  let balance = 0;
  let untiedX = 0;
  let untiedY = 0;
  for (let i = 1; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      const signX = Math.sign(x[i]! - x[j]!);
      const signY = Math.sign(y[i]! - y[j]!);
      balance += signX * signY;
      untiedX += signX * signX;
      untiedY += signY * signY;
    }
  }
  return definedCorrelation(balance / Math.sqrt(untiedX * untiedY));
}
