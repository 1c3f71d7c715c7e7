/** How a run's checkpoints change from step to step. */
import type { BoardRow } from "../../../../shared/api/boards.ts";
import type { PublishedSuite } from "../../../../shared/api/suites.ts";
import { grouped } from "../../../../shared/numbers.ts";
import { scoreText, UNDEFINED } from "../../board/cell-text.ts";
import type { Point } from "../../parts/chart/series.ts";

export interface Trajectory {
  readonly run: string;
  /** By rising step, one a step. */
  readonly steps: readonly { readonly id: string; readonly step: number; readonly label: string }[];
  /** Checkpoints of the run at steps of which another one is shown. */
  readonly left: number;
  /** What at least two of them have a value of. */
  readonly scores: readonly TrajectoryScore[];
}

export interface TrajectoryScore {
  readonly id: string;
  readonly label: string;
  readonly unit: string;
  readonly description: string;
  /** 100 for shares in per cent. */
  readonly factor: number;
  /** One for each of the steps. */
  readonly points: readonly Point[];
  /** For each of the steps: the value with its error. */
  readonly cells: readonly string[];
}

type Suite = Pick<PublishedSuite, "measures" | "tasks">;
type Row = Pick<BoardRow, "checkpoint" | "run" | "step" | "measures" | "tasks">;

/**
 * Null where the checkpoint names no run and step, or its run has no other step on this board.
 *
 * @param rows of the board, those of the run among them.
 */
export function trajectoryOf(
  rows: readonly Row[],
  checkpoint: string,
  { measures, tasks }: Suite,
): Trajectory | null {
  const own = rows.find((row) => row.checkpoint === checkpoint);
  if (!own || own.run === null || own.step === null) return null;
  const all = rows.flatMap((row) =>
    row.run === own.run && row.step !== null ? [{ row, step: row.step }] : [],
  );
  // The same step may be there twice, as when somebody uploads a known model once more.
  const byStep = Map.groupBy(all, ({ step }) => step);
  if (byStep.size < 2) return null;
  const shown = [...byStep.values()]
    .map((same) => same.find(({ row }) => row === own) ?? same[0]!)
    .sort((a, b) => a.step - b.step);
  const labels = shown.map(({ step }) => grouped(step));
  const scores = [
    ...measures.map(({ id, label, unit, description }) => ({
      ...{ id, label, unit, description, factor: 1, kind: "measure" as const },
      cells: shown.map(({ row }) => row.measures[id]),
    })),
    ...tasks.map(({ id, title, description }) => ({
      ...{ id: `task:${id}`, label: title, unit: "%", description, factor: 100, kind: "task" as const },
      cells: shown.map(({ row }) => row.tasks[id]),
    })),
  ];
  return {
    run: own.run,
    steps: shown.map(({ row, step }, i) => ({ id: row.checkpoint, step, label: labels[i]! })),
    left: all.length - shown.length,
    scores: scores.flatMap(({ cells, kind, ...score }) => {
      const values = cells.map(numbersOf);
      if (values.filter(({ value }) => !Number.isNaN(value)).length < 2) return [];
      const texts = values.map(({ value, error }) => {
        const [text, errorText] = scoreText({ kind }, value, error);
        return errorText === "" ? text : `${text} ± ${errorText}`;
      });
      const points = values.map(({ value, error }, i) => ({
        ...{ x: shown[i]!.step, y: value, error, marked: shown[i]!.row === own },
        text: `step ${labels[i]!}: ${texts[i]!}${kind === "task" && texts[i] !== UNDEFINED ? " %" : ""}`,
      }));
      return [{ ...score, points, cells: texts }];
    }),
  };
}

type Cell = Row["measures"][string] | Row["tasks"][string];

/** NaN where there is none. */
function numbersOf(cell: Cell | undefined): { readonly value: number; readonly error: number } {
  if (!cell || cell.value === null) return { value: NaN, error: NaN };
  const direction = "directionError" in cell ? cell.directionError : null;
  return { value: cell.value, error: cell.standardError ?? direction ?? NaN };
}
