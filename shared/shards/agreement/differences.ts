/**
 * Whether two machines' values of the same examples differ by rounding alone.
 *
 * Rounding is noise: its size is known beforehand, its mean is zero, and it knows nothing of the values. A forged value
 * differs from that in one of three ways: examples differ by too much (permuted, or made up), their differences have a
 * mean (something was added to all), or they grow with the values (all were multiplied).
 */
import { percent } from "../../numbers.ts";
import type { Agreement } from "./finding.ts";

export interface PairedValues {
  /** How details call them. */
  readonly what: string;
  readonly made: readonly number[];
  readonly replayed: readonly number[];
  /** [value]: standard deviation of the difference between two machines that round like the one of the pilot. */
  readonly noise: readonly number[];
  /** By how much rounding may move the sum to one side. */
  readonly bias: number;
}

/** How much more than the pilot's machine another may round. */
const ROUGHER = 4;
/** Standard errors that a mean or a slope may be from zero: beyond that is one honest shard in a million. */
const ERRORS = 5;
/** Largest difference of one value, in standard deviations of rounding: few examples hold most of it. */
const WORST = 40;
/** What is never told apart, relative to the values: kernels of different machines approximate functions differently. */
const ALIKE = 1e-3;

export function judgeDifferences({ what, made, replayed, noise, bias }: PairedValues): Agreement {
  const differences = made.map((value, i) => value - replayed[i]!);
  const deviations = differences.map((difference, i) => difference / noise[i]!);
  const spread = Math.sqrt(mean(deviations.map((deviation) => deviation ** 2)));
  const worst = deviations.reduce((most, deviation) => Math.max(most, Math.abs(deviation)), 0);

  const total = sum(replayed);
  const shift = sum(differences);
  const size = Math.abs(total);
  const shiftTolerance = ERRORS * shiftError(differences, noise) + ALIKE * size + bias;

  const { slope, error } = slopeOf(differences, replayed, noise);
  const slopeTolerance =
    ERRORS * error + ALIKE + bias / Math.max(size, sum(replayed.map(Math.abs)), Number.MIN_VALUE);

  const apart = size > 0 ? percent(Math.abs(shift) / size) : Math.abs(shift).toPrecision(2);
  const objections = [
    Math.abs(shift) <= shiftTolerance
      ? null
      : `their sum is ${apart} off, and rounding explains ${relative(shiftTolerance, size)}`,
    Math.abs(slope) <= slopeTolerance
      ? null
      : `they are ${percent(Math.abs(slope))} too ${slope > 0 ? "large" : "small"}, and rounding explains ${percent(slopeTolerance)}`,
    spread <= ROUGHER * fewness(made.length)
      ? null
      : `examples differ by ${spread.toPrecision(2)} times what rounding does`,
    worst <= WORST ? null : `one example differs by ${worst.toPrecision(2)} times what rounding does`,
  ].filter((objection) => objection !== null);
  if (objections.length > 0) return { agrees: false, detail: `${what}: ${objections[0]!}` };
  return { agrees: true, detail: `${what} ${apart} apart` };
}

/**
 * Of the sum of the differences. What they show of their own spread counts, within what is known beforehand: whoever
 * adds noise to hide behind it gains little.
 */
function shiftError(differences: readonly number[], noise: readonly number[]): number {
  const expected = Math.sqrt(sum(noise.map((each) => each ** 2)));
  const middle = mean(differences);
  const found = Math.sqrt(sum(differences.map((each) => (each - middle) ** 2)));
  return clamp(found, expected, differences.length);
}

/** Weighted least squares through the origin of differences on values, and its error (heteroscedastic, of White 1980). */
function slopeOf(
  differences: readonly number[],
  values: readonly number[],
  noise: readonly number[],
): { readonly slope: number; readonly error: number } {
  const weights = noise.map((each) => each ** -2);
  const scale = sum(values.map((value, i) => weights[i]! * value ** 2));
  if (!(scale > 0)) return { slope: 0, error: 0 };
  const slope = sum(values.map((value, i) => weights[i]! * value * differences[i]!)) / scale;
  const found = Math.sqrt(
    sum(values.map((value, i) => (weights[i]! * value * (differences[i]! - slope * value)) ** 2)),
  );
  return { slope, error: clamp(found / scale, 1 / Math.sqrt(scale), values.length) };
}

/** Neither less than the pilot's machine gives nor more than one that is much rougher does. */
function clamp(found: number, expected: number, count: number): number {
  return Math.min(ROUGHER * expected, Math.max(fewness(count) * expected, found));
}

/** Few differences do not tell how rough the machine is: then it may be rougher. */
const fewness = (count: number) => 1 + 2 / Math.sqrt(Math.max(1, count));
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / Math.max(1, values.length);
const relative = (tolerance: number, size: number) =>
  size > 0 ? percent(tolerance / size) : tolerance.toPrecision(2);
