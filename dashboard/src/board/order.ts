/** Rows in the order of a column. */
import type { BoardData } from "./board-data.ts";
import type { Column } from "./column.ts";

export type Direction = "asc" | "desc";

/** What is better comes first; names from A on. */
export const bestFirst = ({ better, kind }: Column): Direction =>
  better === "higher" || kind === "date" ? "desc" : "asc";

/** All rows; those without a value come last in either direction, and equal ones in the order of their names. */
export function orderedRows({ rows, ids, name }: BoardData, by: Column, direction: Direction): Int32Array {
  const { numbers } = by;
  const sign = direction === "asc" ? 1 : -1;
  return Int32Array.from({ length: rows }, (_, row) => row).sort((a, b) => {
    const [x, y] = [numbers[a]!, numbers[b]!];
    const [undefinedX, undefinedY] = [Number.isNaN(x), Number.isNaN(y)];
    if (undefinedX !== undefinedY) return undefinedX ? 1 : -1;
    if (!undefinedX && x !== y) return sign * (x - y);
    return name.numbers[a]! - name.numbers[b]! || (ids[a]! < ids[b]! ? -1 : 1);
  });
}
