/** Columns of a board, of all its rows: numbers in typed arrays, so that ten thousand rows are filtered in a frame. */

/** The accuracy of a task is a share of 1, and shown in per cent. */
export type ColumnKind = "text" | "count" | "date" | "measure" | "task";

export interface Column {
  /** As the API sorts by it: a field, a measure's id, or `task:` and a task's. */
  readonly id: string;
  readonly label: string;
  /** What it is, in a sentence. */
  readonly description: string;
  /** Null where there is none. */
  readonly unit: string | null;
  readonly kind: ColumnKind;
  /** Null where neither end is. */
  readonly better: "lower" | "higher" | null;
  /** [rows]; NaN where undefined. Of text: ranks in natural order. */
  readonly numbers: Float64Array;
  /** Standard errors; NaN where there is none. Null for what has no errors. */
  readonly errors: Float64Array | null;
  /** 1 is best; NaN where a row has none. Null for what is not ranked. */
  readonly tiers: Float64Array | null;
  /** Of text alone. */
  readonly texts: readonly (string | null)[] | null;
}

export const isScore = ({ kind }: Column): boolean => kind === "measure" || kind === "task";

/** @returns NaN for null. */
export function floats(values: readonly (number | null)[]): Float64Array {
  const numbers = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) numbers[i] = values[i] ?? NaN;
  return numbers;
}

/**
 * [least, most] of those that are defined and let through; null where there is none.
 *
 * @param errors to each side of a value; none where it is null.
 */
export function extent(
  numbers: Float64Array,
  lets: (row: number) => boolean = () => true,
  errors: Float64Array | null = null,
): readonly [least: number, most: number] | null {
  let [least, most] = [Infinity, -Infinity];
  for (let row = 0; row < numbers.length; row++) {
    const value = numbers[row]!;
    const error = errors?.[row] || 0;
    // NaN is neither.
    if (!(value - error < least || value + error > most) || !lets(row)) continue;
    if (value - error < least) least = value - error;
    if (value + error > most) most = value + error;
  }
  return least <= most ? [least, most] : null;
}
