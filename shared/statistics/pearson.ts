import { requireFinite } from "./error.ts";
import { definedCorrelation, undefinedCorrelation, whyUndefined, type Correlation } from "./correlation.ts";

/**
 * Pearson's r = Σ (x−x̄)(y−ȳ) / √(Σ (x−x̄)² · Σ (y−ȳ)²).
 *
 * @throws {StatisticsInputError} where the lists differ in length or hold anything but finite numbers.
 */
export function pearson(x: readonly number[], y: readonly number[]): Correlation {
  requireFinite({ x, y });
  const reason = whyUndefined({ x, y });
  if (reason !== null) return undefinedCorrelation(reason);
  const dx = unitDeviations(x);
  const dy = unitDeviations(y);
  return definedCorrelation(dx.reduce((total, d, i) => total + d * dy[i]!, 0));
}

/** x − x̄ at Euclidean length 1; scaled first, so that squares neither overflow nor vanish. */
export function unitDeviations(values: readonly number[]): number[] {
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const scaled = values.map((value) => value / largest);
  const mean = scaled.reduce((total, value) => total + value, 0) / scaled.length;
  const deviations = scaled.map((value) => value - mean);
  const spread = deviations.reduce((max, d) => Math.max(max, Math.abs(d)), 0);
  const length = spread * Math.sqrt(deviations.reduce((total, d) => total + (d / spread) ** 2, 0));
  return deviations.map((d) => d / length);
}
