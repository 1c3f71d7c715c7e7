import { requireFinite } from "./error.ts";
import type { Correlation } from "./correlation.ts";
import { pearson } from "./pearson.ts";
import { averageRanks } from "./ranks.ts";

/**
 * Spearman's ρ: Pearson's r of the average ranks.
 *
 * @throws {StatisticsInputError} where the lists differ in length or hold anything but finite numbers.
 */
export function spearman(x: readonly number[], y: readonly number[]): Correlation {
  requireFinite({ x, y });
  return pearson(averageRanks(x), averageRanks(y));
}
