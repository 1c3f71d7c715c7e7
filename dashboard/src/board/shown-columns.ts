/** Which columns a table shows. */
import type { BoardData } from "./board-data.ts";
import { extent, type Column } from "./column.ts";

/** The name is always there, before all others. */
export const choosable = ({ columns, name }: BoardData): Column[] =>
  columns.filter((column) => column !== name);

/** The loss that counts, traces, tasks, size and step; what no row has is left out. */
export function usualColumns(board: BoardData): Column[] {
  return choosable(board).filter((column) => {
    if (column.kind === "text" || column.kind === "date") return false;
    if (column.id === "loss" && board.loss !== column) return false;
    return extent(column.numbers) !== null;
  });
}

/** @param ids null for the usual ones. Ids that the board does not have are left out. */
export function shownColumns(board: BoardData, ids: readonly string[] | null): Column[] {
  if (ids === null) return usualColumns(board);
  return ids.flatMap((id) => {
    const column = board.column(id);
    return column && column !== board.name ? [column] : [];
  });
}
