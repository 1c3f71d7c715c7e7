/** How a run's checkpoints change from step to step. */
import type { BoardData } from "../../board/board-data.ts";
import { isScore, type Column } from "../../board/column.ts";
import { cellText } from "../../board/cell-text.ts";
import type { Point } from "../../parts/chart/series.ts";

export interface Trajectory {
  readonly run: string;
  /** By rising step. */
  readonly rows: readonly number[];
  readonly places: readonly { readonly value: number; readonly label: string }[];
  readonly charts: readonly { readonly column: Column; readonly points: readonly Point[] }[];
}

/** Null where the checkpoint names no run and step, or its run has no other step on this board. */
export function trajectoryOf(board: BoardData, checkpoint: string): Trajectory | null {
  const row = board.rowOf.get(checkpoint);
  const run = row === undefined ? null : board.run.texts![row]!;
  const step = board.column("step")!;
  if (row === undefined || run === null || Number.isNaN(step.numbers[row]!)) return null;
  const rows = Array.from({ length: board.rows }, (_, i) => i)
    .filter((i) => board.run.texts![i] === run && !Number.isNaN(step.numbers[i]!))
    .sort((a, b) => step.numbers[a]! - step.numbers[b]!);
  const steps = new Set(rows.map((i) => step.numbers[i]!));
  // Two of one step are seeds or repeats, not a trajectory.
  if (steps.size < 2 || steps.size < rows.length) return null;
  const scores = board.columns.filter(
    (column) => isScore(column) && rows.filter((i) => !Number.isNaN(column.numbers[i]!)).length > 1,
  );
  return {
    run,
    rows,
    places: rows.map((i) => ({ value: step.numbers[i]!, label: cellText(step, i) })),
    charts: scores.map((column) => ({
      column,
      points: rows.map((i) => ({
        x: step.numbers[i]!,
        y: column.numbers[i]!,
        error: column.errors![i]!,
        text: `step ${cellText(step, i)}: ${cellText(column, i)}${column.kind === "task" ? " %" : ""}`,
        marked: i === row,
      })),
    })),
  };
}
