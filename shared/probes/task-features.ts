/** Features of all sentences of a suite's probe tasks, made once: tasks often ask different things of the same sentences. */
import type { Runtime } from "../runtime.ts";
import type { ProbeTask } from "../suites/task.ts";
import { FeatureExtractor } from "./features.ts";
import type { LayerFeatures } from "./features-shard.ts";
import type { ForwardModel } from "./sentences.ts";

export interface TaskFeaturesOptions {
  readonly runtime: Runtime;
  /** Features of every layer are projected to this many. */
  readonly dimensions: number;
  /** A whole number below 2⁵³. */
  readonly seed: number;
}

/** The sentences of one pooling, each once. */
interface Pool {
  readonly sentences: readonly (readonly number[])[];
  /** How errors call each: by the first task that has it. */
  readonly names: readonly string[];
  /** From a sentence's key to its row. */
  readonly rows: ReadonlyMap<string, number>;
}

export class TaskFeatures {
  private readonly model: ForwardModel;
  private readonly tasks: readonly ProbeTask[];
  private readonly options: TaskFeaturesOptions;
  private readonly made = new Map<string, Promise<{ pool: Pool; layers: readonly LayerFeatures[] }>>();

  /** @param tasks all that will be asked for. */
  constructor(model: ForwardModel, tasks: readonly ProbeTask[], options: TaskFeaturesOptions) {
    this.model = model;
    this.tasks = tasks;
    this.options = options;
  }

  /**
   * Features of the task's training, validation and test sentences, one after another, by layer.
   *
   * @throws TaskError, UnsupportedModelError: what `FeatureExtractor` throws.
   */
  async of(task: ProbeTask): Promise<readonly LayerFeatures[]> {
    const key = JSON.stringify(task.pooling);
    let found = this.made.get(key);
    if (!found) {
      found = this.extract(this.tasks.filter((each) => JSON.stringify(each.pooling) === key));
      this.made.set(key, found);
    }
    // A sentence that the model cannot take is the matter of the task that has it, not of the others.
    const { pool, layers } = await found.catch(() => this.extract([task]));
    const rows = sentencesOf(task).map(({ ids }) => pool.rows.get(ids.join())!);
    const { dimensions } = this.options;
    return layers.map(({ layer, values }) => {
      const own = new Float32Array(rows.length * dimensions);
      rows.forEach((row, i) =>
        own.set(values.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions),
      );
      return { layer, values: own };
    });
  }

  /** @param tasks of one pooling, at least one. */
  private async extract(tasks: readonly ProbeTask[]) {
    const pool = poolOf(tasks);
    const longest = pool.sentences.reduce((most, { length }) => Math.max(most, length), 1);
    const extractor = await FeatureExtractor.prepare({
      ...this.options,
      model: this.model,
      pooling: tasks[0]!.pooling,
      longest,
    });
    try {
      const all = { first: 0, count: pool.sentences.length };
      const { layers } = await extractor.extract(pool.sentences, all, (i) => pool.names[i]!);
      return { pool, layers };
    } finally {
      await extractor.dispose();
    }
  }
}

function poolOf(tasks: readonly ProbeTask[]): Pool {
  const sentences: (readonly number[])[] = [];
  const names: string[] = [];
  const rows = new Map<string, number>();
  for (const task of tasks) {
    for (const { ids, name } of sentencesOf(task)) {
      const key = ids.join();
      if (rows.has(key)) continue;
      rows.set(key, sentences.length);
      sentences.push(ids);
      names.push(name);
    }
  }
  return { sentences, names, rows };
}

function sentencesOf({ id, train, validation, test }: ProbeTask) {
  return [...train, ...validation, ...test].map(({ inputIds }, i) => ({
    ids: inputIds,
    name: `Sentence ${i + 1} of ${id}`,
  }));
}
