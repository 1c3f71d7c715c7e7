import { requireFinite } from "./error.ts";
import { definedCorrelation, undefinedCorrelation, type Correlation } from "./correlation.ts";
import { pearson } from "./pearson.ts";
import { averageRanks } from "./ranks.ts";

/** Below this share of its variance, what `given` leaves of a variable is rounding. */
const NOTHING_LEFT = 1e-12;

/**
 * Correlation of x and y once `given` is held fixed linearly:
 * r_xy·z = (r_xy − r_xz r_yz) / √((1 − r_xz²)(1 − r_yz²)).
 *
 * @throws {StatisticsInputError} where the lists differ in length or hold anything but finite numbers.
 */
export function partialPearson(
  x: readonly number[],
  y: readonly number[],
  given: readonly number[],
): Correlation {
  requireFinite({ x, y, given });
  if (x.length < 4)
    return undefinedCorrelation(`only ${x.length} values, a partial correlation needs at least 4`);
  const [xy, xz, yz] = [pearson(x, y), pearson(x, given), pearson(y, given)];
  if (xy.value === null) return xy;
  if (xz.value === null || yz.value === null) return undefinedCorrelation("given is constant");
  const leftOfX = 1 - xz.value ** 2;
  const leftOfY = 1 - yz.value ** 2;
  if (leftOfX < NOTHING_LEFT) return undefinedCorrelation("x is a linear function of given");
  if (leftOfY < NOTHING_LEFT) return undefinedCorrelation("y is a linear function of given");
  return definedCorrelation((xy.value - xz.value * yz.value) / Math.sqrt(leftOfX * leftOfY));
}

/** `partialPearson` of average ranks. */
export function partialSpearman(
  x: readonly number[],
  y: readonly number[],
  given: readonly number[],
): Correlation {
  requireFinite({ x, y, given });
  return partialPearson(averageRanks(x), averageRanks(y), averageRanks(given));
}
