/**
 * The sentences of a suite's probe tasks, each once for every pooling: tasks often ask different things of the same
 * sentences, whose features are made once.
 */
import type { Suite } from "../suites/suite.ts";
import type { Pooling, ProbeTask } from "../suites/task.ts";

export interface SentencePool {
  readonly pooling: Pooling;
  readonly sentences: readonly (readonly number[])[];
  /** Tokens of the longest sentence; 1 where there is none. */
  readonly longest: number;
  /** Tokens of all sentences. */
  readonly tokens: number;
  /**
   * By place of the task among the suite's: the rows of its training, validation and test sentences, one after another.
   */
  readonly rowsOf: ReadonlyMap<number, Int32Array>;
}

const made = new WeakMap<Suite, readonly SentencePool[]>();

/** The pools of a suite, in the order of its tasks. Kept as long as the suite is: planning asks again and again. */
export function sentencePools(suite: Suite): readonly SentencePool[] {
  let pools = made.get(suite);
  if (!pools) {
    const places = suite.tasks.flatMap((task, place) => (task.kind === "probe" ? [{ place, task }] : []));
    pools = [...Map.groupBy(places, ({ task }) => JSON.stringify(task.pooling)).values()].map(poolOf);
    made.set(suite, pools);
  }
  return pools;
}

/** All sentences of a task: the splits one after another. */
export function sentencesOf({ train, validation, test }: ProbeTask): (readonly number[])[] {
  return [train, validation, test].flatMap((examples) => examples.map(({ inputIds }) => inputIds));
}

/** How errors call a sentence of a task. */
export function sentenceName({ id }: ProbeTask, i: number): string {
  return `Sentence ${i + 1} of ${id}`;
}

function poolOf(tasks: readonly { readonly place: number; readonly task: ProbeTask }[]): SentencePool {
  const sentences: (readonly number[])[] = [];
  const rows = new Map<string, number>();
  const rowsOf = new Map(
    tasks.map(({ place, task }) => {
      const own = sentencesOf(task).map((ids) => {
        const key = ids.join();
        const row = rows.get(key) ?? sentences.push(ids) - 1;
        rows.set(key, row);
        return row;
      });
      return [place, Int32Array.from(own)] as const;
    }),
  );
  return {
    pooling: tasks[0]!.task.pooling,
    sentences,
    longest: sentences.reduce((most, { length }) => Math.max(most, length), 1),
    tokens: sentences.reduce((sum, { length }) => sum + length, 0),
    rowsOf,
  };
}
