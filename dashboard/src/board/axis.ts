/** Axes of the plot: where values stand, and the ticks between them. */
import { short } from "../../../shared/numbers.ts";

export interface Axis {
  /** 0 at the beginning, 1 at the end; NaN for what a logarithm cannot show. */
  readonly position: (value: number) => number;
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
  /** False too where a logarithm was wanted and some value is not above 0. */
  readonly log: boolean;
}

const MARGIN = 0.06;
/** A range of one value gets this share of it on both sides. */
const AROUND_ONE = 0.1;

/** @param factor what labels show is so many times the value: 100 for shares in per cent. */
export function axisOf(
  [least, most]: readonly [least: number, most: number],
  log: boolean,
  factor = 1,
): Axis {
  if (log && least > 0) return logAxis(least, most, factor);
  const around = most > least ? 0 : Math.abs(least) * AROUND_ONE || 1;
  const margin = (most - least) * MARGIN + around;
  const [from, to] = [(least - margin) * factor, (most + margin) * factor];
  const labels = linearTicks(from, to, 6);
  return {
    position: (value) => (value * factor - from) / (to - from),
    ticks: labels.map(({ value, label }) => ({ value: value / factor, label })),
    log: false,
  };
}

function logAxis(least: number, most: number, factor: number): Axis {
  const around = most > least ? 0 : AROUND_ONE;
  const margin = Math.log(most / least) * MARGIN + around;
  const from = Math.log(least * factor) - margin;
  const size = Math.log(most * factor) + margin - from;
  const [low, high] = [Math.exp(from), Math.exp(from + size)];
  const decades = size / Math.LN10;
  const labels = decades < 0.8 ? linearTicks(low, high, 6) : logTicks(low, high, decades);
  return {
    // The logarithm of what is below 0 is NaN, that of 0 no place on the axis.
    position: (value) => (value > 0 ? (Math.log(value * factor) - from) / size : NaN),
    ticks: labels.map(({ value, label }) => ({ value: value / factor, label })),
    log: true,
  };
}

/** Multiples of 1, 2 or 5 times a power of ten, about so many. */
export function linearTicks(from: number, to: number, about: number): { value: number; label: string }[] {
  const step = niceStep((to - from) / about);
  const first = Math.ceil(from / step - 1e-9);
  const count = Math.max(0, Math.floor(to / step + 1e-9) - first + 1);
  return Array.from({ length: count }, (_, i) => {
    const value = (first + i) * step;
    return { value, label: tickLabel(value, step) };
  });
}

function logTicks(low: number, high: number, decades: number): { value: number; label: string }[] {
  const digits = decades < 2.5 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / 6));
  const powers = Array.from({ length: Math.ceil(decades) + 2 }, (_, i) => Math.floor(Math.log10(low)) + i);
  return powers.flatMap((power) =>
    power % every === 0
      ? digits
          .map((digit) => digit * 10 ** power)
          .filter((value) => value >= low && value <= high)
          .map((value) => ({ value, label: tickLabel(value, 10 ** power) }))
      : [],
  );
}

/** As short as it can be for ticks so far apart to differ. */
function tickLabel(value: number, step: number): string {
  const size = Math.abs(value);
  const digits = size === 0 ? 0 : Math.floor(Math.log10(size) + 1e-9) - Math.floor(Math.log10(step) + 1e-9);
  if (step < 1e-5 || size >= 1e12) return value.toExponential(Math.max(0, Math.min(20, digits)));
  if (size >= 10_000 && digits <= 2) return short(value).replace(/\.0+(?=[a-zA-Z])/, "");
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  // No minus before a zero.
  const text = Math.abs(value).toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return value < 0 && /[1-9]/.test(text) ? `-${text}` : text;
}

/** 1, 2 or 5 times a power of ten, the next above. */
export function niceStep(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  return power * ([1, 2, 5].find((step) => step * power >= size * (1 - 1e-9)) ?? 10);
}
