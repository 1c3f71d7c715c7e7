/** Which rows of a long table are in the document. All rows have one height, so that a division tells. */

export interface Slice {
  readonly first: number;
  /** The row after the last one. */
  readonly end: number;
}

/** Rows beyond the edges that are there all the same, so that a turn of the wheel finds them. */
export const OVERSCAN = 4;

/**
 * First and end change by whole steps of `overscan`, so that most scroll events leave the document as it is.
 *
 * @param top pixels scrolled, negative where something stands above the rows. @param height of what is seen, pixels.
 * @param overscan 0 for what is seen and nothing else.
 */
export function visibleSlice(
  top: number,
  height: number,
  rowHeight: number,
  rows: number,
  overscan = OVERSCAN,
): Slice {
  const size = Math.max(1, overscan);
  const step = (row: number) => Math.max(0, Math.floor(row / size)) * size;
  const first = Math.max(0, Math.min(step(top / rowHeight), rows) - overscan);
  const end = Math.min(rows, step((top + height) / rowHeight) + size + overscan);
  return { first: Math.min(first, end), end };
}

/** No slice of so high a table has more rows than these. */
export const mostRows = (height: number, rowHeight: number): number =>
  Math.ceil(Math.max(0, height) / rowHeight) + 5 * OVERSCAN;

/** How far to scroll for a row to be seen whole; as far as it is where it is seen already. */
export function scrollToRow(row: number, top: number, height: number, rowHeight: number): number {
  if (row * rowHeight < top) return row * rowHeight;
  if ((row + 1) * rowHeight > top + height) return (row + 1) * rowHeight - height;
  return top;
}
