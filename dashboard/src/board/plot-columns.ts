/** What the plot's axes may be of, and are of unless something else is asked for. */
import type { BoardData } from "./board-data.ts";
import { extent, isScore, type Column } from "./column.ts";

/** Scores, sizes and steps that some row has. */
export const plottable = ({ columns }: BoardData): Column[] =>
  columns.filter((column) => (isScore(column) || column.kind === "count") && extent(column.numbers) !== null);

/** The first trace against the first task: flatness against transfer. Null where the board has too little to plot. */
export function axes(
  board: BoardData,
  { x, y }: { readonly x: string | null; readonly y: string | null },
): { readonly x: Column; readonly y: Column } | null {
  const choices = plottable(board);
  const named = (id: string | null) => choices.find((column) => column.id === id);
  const traces = choices.filter(
    ({ id, kind }) => kind === "measure" && id !== "loss" && id !== "excess-loss",
  );
  const usualX = traces[0] ?? board.loss;
  const usualY = choices.find(({ kind }) => kind === "task") ?? traces[1] ?? board.loss;
  const found = { x: named(x) ?? usualX, y: named(y) ?? usualY };
  return choices.includes(found.x) && choices.includes(found.y) ? found : null;
}
