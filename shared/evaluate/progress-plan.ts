/** How much of an evaluation is done: rows run against rows foreseen, and the time that the rest will take. */
import type { EvaluateHooks, EvaluateOptions } from "./evaluate.ts";
import { selectMeasures } from "../measures/index.ts";
import type { Suite } from "../suites/suite.ts";
import type { Graph } from "../onnx/graph.ts";
import { dimsOf, elementCount, isFloat } from "../onnx/weights.ts";

/** What is known at one moment. */
export interface ProgressState {
  readonly stage: string;
  /** Of the whole evaluation, from 0 to 1. */
  readonly fraction: number;
  /** Rows (forward passes of one example) a second; null until it can be told. */
  readonly rate: number | null;
  readonly secondsLeft: number | null;
}

/** The pilot compares four directions of 64 examples: three rows each for rounding, two at about four step sizes. */
const PILOT_PAIRS = 4;
const PILOT_EXAMPLES = 64;
const PILOT_ROWS = 3 + 2 * 4;
/** Rows that each tensor takes at least where traces are split by tensor. */
const TENSOR_ROWS = 96;
/** With a precision as target the first round tells how many more there are. */
const FIRST_ROUND = 8;
/** The rate is that of the last seconds: passes differ in length, machines in mood. */
const WINDOW_SECONDS = 15;
/** Passes over a probe task's sentences that take as long as its fits do, on a small model. */
const PROBE_PASSES = 20;

/** Rows that each stage will run, in the order in which the engine announces them. */
export function foreseenRows(
  graph: Graph,
  examples: number,
  { measures, directions, precision, perLayer }: EvaluateOptions,
): number[] {
  const families = new Set(selectMeasures(measures).flatMap(({ family }) => (family ? [family.id] : [])));
  // Inspecting, and checking once.
  if (families.size === 0) return [0, 0, examples];
  const drawn = precision === undefined ? directions : Math.min(FIRST_ROUND, directions);
  const pilot = Math.min(examples, PILOT_EXAMPLES) * PILOT_PAIRS * PILOT_ROWS;
  const split = Math.max(2 * examples * drawn, tensorCount(graph) * TENSOR_ROWS);
  const preparing = [...families].flatMap(() => [0, pilot]);
  const measuring = [...families].flatMap(() => [examples * (1 + 2 * drawn), ...(perLayer ? [split] : [])]);
  return [0, ...preparing, ...measuring];
}

function tensorCount({ initializers }: Graph): number {
  return [...initializers.values()].filter(
    (tensor) => isFloat(tensor.dataType) && elementCount(dimsOf(tensor)) > 1,
  ).length;
}

/** Rows that would take about as long as the suite's tasks, each fit counting as so many passes over its sentences. */
export function taskRows({ tasks }: Suite): number {
  return tasks.reduce((sum, task) => {
    switch (task.kind) {
      case "probe":
        return sum + PROBE_PASSES * (task.train.length + task.validation.length + task.test.length);
      case "minimal-pairs":
        return sum + task.pairs.reduce((rows, { good, bad }) => rows + good.length + bad.length, 0);
      case "multiple-choice":
        return sum + task.items.reduce((rows, { choices }) => rows + choices.length, 0);
    }
  }, 0);
}

export class ProgressPlan {
  /** Rows of each stage, corrected as more is known. */
  private readonly rows: number[];
  private readonly now: () => number;
  private readonly onChange: (state: ProgressState) => void;
  private readonly samples: { time: number; rows: number }[] = [];
  private stage = "";
  private index = -1;
  private inStage = 0;
  private total = 0;

  /** @param now seconds, from any origin. */
  constructor(rows: readonly number[], now: () => number, onChange: (state: ProgressState) => void) {
    this.rows = [...rows];
    this.now = now;
    this.onChange = onChange;
  }

  /** What the engine is to call. */
  readonly hooks: EvaluateHooks = {
    onStage: (stage) => {
      this.stage = stage;
      // What was foreseen for the stage that ends is what it took.
      if (this.index >= 0) this.rows[this.index] = this.inStage;
      this.index++;
      this.inStage = 0;
      this.tell();
    },
    onRows: (done, total) => {
      this.rows[this.index] = this.inStage + (total - done);
    },
    beforePass: (rows) => {
      // Called before the rows run: what was announced last is being worked on.
      this.samples.push({ time: this.now(), rows: this.total });
      while (this.samples.length > 2 && this.samples[1]!.time < this.now() - WINDOW_SECONDS)
        this.samples.shift();
      this.tell();
      this.inStage += rows;
      this.total += rows;
    },
  };

  /** A stage that tells its share instead of rows. */
  async during<Item>(
    what: string,
    rows: number,
    run: (onProgress: (detail: string, share: number) => void) => Promise<Item>,
  ): Promise<Item> {
    let done = 0;
    this.hooks.onStage!(what);
    return run((detail, share) => {
      const reached = Math.round(share * rows);
      this.stage = detail === "" ? what : `${what}: ${detail}`;
      void this.hooks.beforePass!(reached - done);
      done = reached;
    });
  }

  private tell(): void {
    const left = this.rows.reduce((sum, rows, i) => {
      if (i < this.index) return sum;
      return sum + (i === this.index ? Math.max(0, rows - this.inStage) : rows);
    }, 0);
    const rate = this.rate();
    this.onChange({
      stage: this.stage,
      fraction: this.total === 0 ? 0 : this.total / (this.total + left),
      rate,
      secondsLeft: rate ? left / rate : null,
    });
  }

  private rate(): number | null {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.time - first.time < 0.3) return null;
    return (last.rows - first.rows) / (last.time - first.time);
  }
}
