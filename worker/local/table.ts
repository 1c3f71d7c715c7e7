/** Tables of text: columns as wide as their cells, wide tables cut into blocks that repeat the first columns. */
import { styled } from "./terminal.ts";

export interface Column {
  /** On several lines where it holds line breaks. */
  readonly head: string;
  readonly align: "left" | "right";
  /** One cell a row. */
  readonly cells: readonly string[];
}

const GAP = "  ";

/** Cells padded so that their decimal points stand below one another. */
export function alignPoints(cells: readonly string[]): string[] {
  const parts = cells.map((cell) => {
    const end = /[.e]/.exec(cell)?.index ?? cell.length;
    return [cell.slice(0, end), cell.slice(end)] as const;
  });
  const before = Math.max(0, ...parts.map(([whole]) => whole.length));
  const after = Math.max(0, ...parts.map(([, rest]) => rest.length));
  return parts.map(([whole, rest]) =>
    whole + rest === "" ? "" : whole.padStart(before) + rest.padEnd(after),
  );
}

/** Cells padded on the right to one length. */
export function alignLeft(cells: readonly string[]): string[] {
  const length = Math.max(0, ...cells.map((cell) => cell.length));
  return cells.map((cell) => cell.padEnd(length));
}

/** Lines of the table, at most `width` wide where the columns allow it. The first `repeated` columns begin every block. */
export function table(columns: readonly Column[], width: number, repeated = 1): string[] {
  const lead = columns.slice(0, repeated);
  const blocks: Column[][] = [[]];
  for (const column of columns.slice(repeated)) {
    const current = blocks.at(-1)!;
    if (current.length > 0 && widthOf([...lead, ...current, column]) > width) blocks.push([column]);
    else current.push(column);
  }
  return blocks.flatMap((block, i) => [...(i > 0 ? [""] : []), ...blockLines([...lead, ...block])]);
}

function sizeOf({ head, cells }: Column): number {
  return Math.max(...[...head.split("\n"), ...cells].map((text) => text.length));
}

function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + sizeOf(column), GAP.length * (columns.length - 1));
}

function blockLines(columns: readonly Column[]): string[] {
  const sizes = columns.map(sizeOf);
  const heads = columns.map(({ head }) => head.split("\n"));
  const height = Math.max(...heads.map((head) => head.length));
  const row = (texts: readonly string[]) =>
    columns
      .map(({ align }, i) => (align === "left" ? texts[i]!.padEnd(sizes[i]!) : texts[i]!.padStart(sizes[i]!)))
      .join(GAP)
      .trimEnd();
  const headLines = Array.from({ length: height }, (_, line) =>
    styled("bold", row(heads.map((head) => head[line - (height - head.length)] ?? ""))),
  );
  const body = columns[0]!.cells.map((_, r) => row(columns.map(({ cells }) => cells[r]!)));
  return [...headLines, styled("dim", "─".repeat(widthOf(columns))), ...body];
}
