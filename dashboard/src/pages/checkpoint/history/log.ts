/** What is known of an evaluation's course, in the order in which it went. */
import type { EvaluationSummary } from "../../../../../shared/api/evaluations.ts";
import { duration } from "../../../../../shared/numbers.ts";
import { stateText } from "../../../words/stages.ts";

export interface LogLine {
  /** As the API writes it. */
  readonly time: string;
  readonly text: string;
}

type Known = Pick<
  EvaluationSummary,
  | "state"
  | "stage"
  | "attempt"
  | "progress"
  | "device"
  | "createdAt"
  | "startedAt"
  | "endedAt"
  | "shardSeconds"
>;

export function logOf(evaluation: Known): LogLine[] {
  const { state, stage, attempt, progress, device, createdAt, startedAt, endedAt, shardSeconds } = evaluation;
  const { done, total } = progress.shards;
  const pieces = `${done} of ${total} pieces`;
  const computed = shardSeconds > 0 ? `, ${duration(shardSeconds)} of computing` : "";
  return [
    { time: createdAt, text: "asked for" },
    ...(startedAt === null ? [] : [{ time: startedAt, text: `begun, ${WORKERS[device]}` }]),
    ...(endedAt === null
      ? []
      : [
          {
            time: endedAt,
            text: `${stateText(state, stage)}${attempt > 1 ? ` at attempt ${attempt}` : ""}: ${pieces}${computed}`,
          },
        ]),
  ];
}

/** Who computes it. */
const WORKERS = { edge: "on the board’s own edge", lent: "on lent workers" };

/** `2026-11-23T21:04:09.120Z` as `2026-11-23 21:04:09 UTC`. */
export const timeText = (time: string): string => `${time.slice(0, 19).replace("T", " ")} UTC`;
