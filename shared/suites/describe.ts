/** Tasks in a few words. */
import type { Task } from "./task.ts";

export interface TaskDescription {
  readonly id: string;
  readonly kind: Task["kind"];
  readonly title: string;
  readonly description: string;
  /** How many examples of what. */
  readonly summary: string;
  /** Accuracy of always giving the most frequent answer, or of guessing. */
  readonly chance: number;
}

export function describeTask(task: Task): TaskDescription {
  const { id, kind, title, description } = task;
  const chance = chanceOf(task);
  return {
    id,
    kind,
    title,
    description,
    summary: `${sizeOf(task)}, chance ${(100 * chance).toFixed(1)} %`,
    chance,
  };
}

function sizeOf(task: Task): string {
  switch (task.kind) {
    case "probe": {
      const { classes, train, validation, test } = task;
      return `probe, ${classes.length} classes, ${train.length}/${validation.length}/${test.length} sentences`;
    }
    case "minimal-pairs":
      return `${task.pairs.length} minimal pairs`;
    case "multiple-choice":
      return `${task.items.length} multiple-choice items`;
  }
}

/** Share of the test examples in the largest class; one half for pairs; mean of 1/choices. */
export function chanceOf(task: Task): number {
  switch (task.kind) {
    case "probe": {
      const counts = task.classes.map(() => 0);
      for (const { label } of task.test) counts[label]!++;
      return Math.max(...counts) / task.test.length;
    }
    case "minimal-pairs":
      return 0.5;
    case "multiple-choice":
      return task.items.reduce((sum, { choices }) => sum + 1 / choices.length, 0) / task.items.length;
  }
}
