/** Numbers as people read them. */

/** Decimals that show `error` to two significant digits; negative where that is before the point. */
function decimalsOf(error: number): number {
  // Through the rounded text, so that 0.0996 counts as 0.10.
  return 1 - Math.floor(Math.log10(Number(error.toPrecision(2))));
}

/**
 * A value and its error, the error to two significant digits and the value to the same decimal:
 * `measured(181.04, 9.27)` is `["181.0", "9.3"]`. Without an error the value has five significant digits.
 */
export function measured(value: number, error: number | null): readonly [value: string, error: string] {
  if (error === null || !(error > 0) || !Number.isFinite(error)) return [significant(value, 5), ""];
  return [toDecimal(value, decimalsOf(error)), toDecimal(error, decimalsOf(error))];
}

function toDecimal(value: number, decimals: number): string {
  if (decimals > 6 || decimals < -5) {
    const [mantissa, exponent] = value.toExponential(2).split("e") as [string, string];
    const digits = Math.min(10, Math.max(0, Number(exponent) + decimals));
    return digits > 1 ? value.toExponential(digits) : `${mantissa.slice(0, value < 0 ? 4 : 3)}e${exponent}`;
  }
  // No minus before a zero.
  if (decimals >= 0) return value.toFixed(decimals).replace(/^-(?=[0.]*$)/, "");
  const unit = 10 ** -decimals;
  return (Math.round(value / unit) * unit).toFixed(0);
}

/** `digits` significant digits, without an exponent where that stays short. */
export function significant(value: number, digits: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) return value.toExponential(digits - 1);
  return value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
}

/** `0.0639` as `6.4 %`. */
export function percent(share: number): string {
  return `${significant(100 * share, 2)} %`;
}

// Made once: each call of toLocaleString makes one anew.
const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** `10644` as `10,644`. */
export function grouped(count: number): string {
  return GROUPED.format(Math.round(count));
}

/** `10644` as `10.6k`: three digits and a letter. */
export function short(count: number): string {
  const letters = ["", "k", "M", "G", "T"];
  let scale = 0;
  while (count >= 999.5 && scale < letters.length - 1) {
    count /= 1000;
    scale++;
  }
  return scale === 0 ? String(Math.round(count)) : `${count.toPrecision(3)}${letters[scale]!}`;
}

/** Seconds as `8 s`, `3 min 20 s` or `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (whole < 600) return `${minutes} min ${whole % 60} s`;
  if (whole < 3600) return `${Math.round(whole / 60)} min`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}

/** Powers of two as `2^-11`, anything else in three digits. */
export function stepText(epsilon: number): string {
  const exponent = Math.log2(epsilon);
  return Number.isInteger(exponent) ? `2^${exponent}` : significant(epsilon, 3);
}

/** Bytes as `41.2 kB`. */
export function byteText(bytes: number): string {
  const text = short(bytes);
  return /[a-z]$/i.test(text) ? `${text.slice(0, -1)} ${text.at(-1)}B` : `${text} B`;
}

/** The cost of an evaluation of so many rows. */
export function costText(rows: number): string {
  return `about ${grouped(Number(rows.toPrecision(2)))} forward passes of one example`;
}

/** `plural(1, "example")` is `1 example`, `plural(2000, "example")` is `2,000 examples`. */
export function plural(count: number, word: string): string {
  return `${grouped(count)} ${word}${count === 1 ? "" : "s"}`;
}
