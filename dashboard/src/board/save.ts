/** What is shown, to be taken along: CSV and JSON of the rows and columns of a view. */
import { csvLine, type Cell } from "../../../shared/api/csv.ts";
import type { BoardData } from "./board-data.ts";
import { isScore, type Column } from "./column.ts";
import { groupScore, type Item } from "./seed-groups.ts";

export interface Shown {
  readonly board: BoardData;
  readonly columns: readonly Column[];
  readonly items: ArrayLike<Item>;
  /** The view's address. */
  readonly link: string;
}

/** Numbers in full; of seeds in one row the mean, and their standard deviation in place of the error. */
export function shownCsv({ board, columns, items }: Shown): string {
  const head = ["checkpoint", "name", "seeds", ...columns.flatMap((column) => heads(column))];
  const lines = Array.from(items, (item) => {
    const group = typeof item === "number" ? null : item;
    return csvLine([
      group ? group.members.map((row) => board.ids[row]!).join(" ") : board.ids[item as number]!,
      group ? group.name : board.name.texts![item as number]!,
      group ? group.members.length : 1,
      ...columns.flatMap((column) => cells(column, item)),
    ]);
  });
  return csvLine(head) + lines.join("");
}

/** Undefined values are null. */
export function shownJson({ board, columns, items, link }: Shown): string {
  const rows = Array.from(items, (item) => {
    const members = typeof item === "number" ? [item] : item.members;
    return {
      checkpoints: members.map((row) => board.ids[row]!),
      name: typeof item === "number" ? board.name.texts![item]! : item.name,
      ...Object.fromEntries(
        columns.map((column) => {
          const [value, error, tier] = cells(column, item);
          if (!isScore(column)) return [column.id, value];
          if (typeof item !== "number") return [column.id, { mean: value, standardDeviation: error }];
          return [column.id, { value, standardError: error, tier }];
        }),
      ),
    };
  });
  return `${JSON.stringify({ suite: board.suite.id, link, rows }, null, 1)}\n`;
}

const heads = (column: Column): string[] =>
  isScore(column) ? [column.id, `${column.id} standard error`, `${column.id} tier`] : [column.id];

function cells(column: Column, item: Item): Cell[] {
  if (typeof item !== "number") {
    const { mean, spread } = groupScore(column.numbers, item.members);
    if (isScore(column)) return [defined(mean), defined(spread), null];
    if (column.kind === "count") return [defined(mean)];
    const texts = new Set(item.members.map((row) => textOf(column, row)));
    return [texts.size === 1 ? [...texts][0]! : null];
  }
  if (isScore(column)) {
    return [column.numbers[item]!, column.errors![item]!, column.tiers![item]!].map(defined);
  }
  return [column.kind === "count" ? defined(column.numbers[item]!) : textOf(column, item)];
}

function textOf({ kind, texts, numbers }: Column, row: number): string | null {
  return kind === "date" ? new Date(numbers[row]!).toISOString() : texts![row]!;
}

const defined = (value: number) => (Number.isNaN(value) ? null : value);
