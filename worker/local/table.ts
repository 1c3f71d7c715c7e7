/** Tables of text: columns as wide as their cells, wide tables cut into blocks that repeat the first column. */
import { styled } from "./terminal.ts";

export interface Column {
  readonly head: string;
  readonly align: "left" | "right";
  /** One cell a row. */
  readonly cells: readonly string[];
  /** A narrow gap before it: the column belongs to the one before. */
  readonly attached?: boolean;
}

const GAP = 3;

/** Cells padded so that their decimal points stand below one another. */
export function alignPoints(cells: readonly string[]): string[] {
  const parts = cells.map((cell) => {
    const end = /[.e]/.exec(cell)?.index ?? cell.length;
    return [cell.slice(0, end), cell.slice(end)] as const;
  });
  const [before, after] = [0, 1].map((side) =>
    Math.max(0, ...parts.map((part) => part[side as 0 | 1].length)),
  );
  return parts.map(([whole, rest]) =>
    whole + rest === "" ? "" : whole.padStart(before!) + rest.padEnd(after!),
  );
}

/** Lines of the table, at most `width` wide where the columns allow it. The first `repeated` columns begin every block. */
export function table(columns: readonly Column[], width: number, repeated = 1): string[] {
  const lead = columns.slice(0, repeated);
  const blocks: Column[][] = [[]];
  // Attached columns stay with theirs.
  for (const group of groupsOf(columns.slice(repeated))) {
    const current = blocks.at(-1)!;
    if (current.length > 0 && widthOf([...lead, ...current, ...group]) > width) blocks.push([...group]);
    else current.push(...group);
  }
  return blocks.flatMap((block, i) => [...(i > 0 ? [""] : []), ...lines([...lead, ...block])]);
}

function groupsOf(columns: readonly Column[]): Column[][] {
  const groups: Column[][] = [];
  for (const column of columns) {
    if (column.attached && groups.length > 0) groups.at(-1)!.push(column);
    else groups.push([column]);
  }
  return groups;
}

function sizeOf({ head, cells }: Column): number {
  return Math.max(...[...head.split("\n"), ...cells].map((text) => text.length));
}

function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, column, i) => sum + sizeOf(column) + (i > 0 ? gapOf(column) : 0), 0);
}

function gapOf({ attached }: Column): number {
  return attached ? 1 : GAP;
}

function lines(columns: readonly Column[]): string[] {
  const heads = columns.map(({ head }) => head.split("\n"));
  const height = Math.max(...heads.map((head) => head.length));
  const row = (texts: readonly string[]) =>
    columns
      .map((column, i) => {
        const size = sizeOf(column);
        const cell = column.align === "left" ? texts[i]!.padEnd(size) : texts[i]!.padStart(size);
        return (i > 0 ? " ".repeat(gapOf(column)) : "") + cell;
      })
      .join("")
      .trimEnd();
  const headLines = Array.from({ length: height }, (_, line) =>
    styled("bold", row(heads.map((head) => head[line - (height - head.length)] ?? ""))),
  );
  const body = columns[0]!.cells.map((_, r) => row(columns.map(({ cells }) => cells[r]!)));
  return [...headLines, styled("dim", "─".repeat(widthOf(columns))), ...body];
}
