/** A comparison, to be taken along. */
import { csvLine, type Cell } from "../../../../shared/api/csv.ts";
import type { ComparisonOfCheckpoints } from "../../../../shared/api/compare.ts";
import { differenceOf } from "./differences.ts";

const HEAD = [
  ...["score", "better", "checkpoint", "name", "value", "standard error"],
  ...["difference from", "difference", "standard error of the difference"],
  ...["95 % from", "95 % to", "adjusted p-value", "paired"],
];

/** A line for each score of each checkpoint, numbers in full. @param reference the id that differences are taken from. */
export function comparisonCsv({ checkpoints, scores }: ComparisonOfCheckpoints, reference: string): string {
  const lines = scores.flatMap((score) =>
    checkpoints.map((row) => {
      const id = row.checkpoint;
      const task = score.score.startsWith("task:") ? score.score.slice("task:".length) : null;
      const cell = task === null ? row.measures[score.score] : row.tasks[task];
      const value: Cell[] = cell && cell.value !== null ? [cell.value, cell.standardError] : [null, null];
      const difference = id === reference ? null : differenceOf(score, reference, id);
      const told: Cell[] = difference
        ? [
            ...[reference, difference.value, difference.standardError],
            ...(difference.interval ?? [null, null]),
            ...[difference.adjustedPValue, difference.paired ? "yes" : "no"],
          ]
        : [null, null, null, null, null, null, null];
      return csvLine([score.score, score.better, id, row.name, ...value, ...told]);
    }),
  );
  return csvLine(HEAD) + lines.join("");
}
