/** A result's value of each example, by what a board sorts by: what tells checkpoints apart. */
import type { SuiteSummary } from "../../../../shared/api/suites.ts";
import type { Result } from "../../../../shared/evaluate/result-schema.ts";
import { answersOf, examplesOf } from "../../../../shared/statistics/study.ts";

export interface ScoreShape {
  /** A measure's id, or `task:` and a task's. */
  readonly score: string;
  readonly better: "higher" | "lower";
  /** Examples or items: the length of its vectors. */
  readonly length: number;
}

/** In the suite's order. */
export function scoreShapes({
  measures,
  tasks,
  examples,
}: Pick<SuiteSummary, "measures" | "tasks" | "examples">): ScoreShape[] {
  return [
    ...measures.map(({ id, better }) => ({ score: id, better, length: examples })),
    ...tasks.map(({ id, items }) => ({ score: `task:${id}`, better: "higher" as const, length: items })),
  ];
}

/** [length]; null where the result does not hold it, or not as finite numbers. */
export function scoreVector(result: Result, { score, length }: ScoreShape): readonly number[] | null {
  const values = score.startsWith("task:")
    ? answersOf(result, score.slice("task:".length))
    : examplesOf(result, score);
  return length > 0 && values?.length === length && values.every(Number.isFinite) ? values : null;
}
