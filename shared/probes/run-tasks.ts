/** All downstream tasks of a suite on one checkpoint. */
import { ModelTooBigError, PlateauError } from "../errors.ts";
import type { Subject } from "../perturb/subject.ts";
import type { Runtime } from "../runtime.ts";
import { chanceOf } from "../suites/describe.ts";
import type { Suite } from "../suites/suite.ts";
import type { MinimalPairsTask, MultipleChoiceTask, ProbeTask } from "../suites/task.ts";
import { LogLikelihood } from "./log-likelihood.ts";
import { LogisticRegression } from "./logistic.ts";
import { scoreMinimalPairs, summariseMinimalPairs } from "./minimal-pairs.ts";
import { scoreMultipleChoice, summariseMultipleChoice } from "./multiple-choice.ts";
import type { ProbeResult } from "./fit-probe-merge.ts";
import { randomiseWeights } from "./random-weights.ts";
import { runProbeTask, type ProbeTaskResult } from "./probe-task.ts";
import { knownTokens, TaskError, type ForwardModel } from "./sentences.ts";
import { TaskFeatures } from "./task-features.ts";
import type { Accuracy } from "./zero-shot.ts";

export interface ZeroShotResult {
  readonly accuracy: Accuracy;
  readonly chance: number;
  /** Nats by which the right answer was preferred, one an item: what paired comparisons need. */
  readonly margins: readonly number[];
}

/** A task that this model cannot be asked, and why. */
export interface TaskNotRun {
  readonly accuracy: null;
  readonly reason: string;
}

export interface TaskResults {
  readonly probes: Readonly<
    Record<string, (ProbeTaskResult & { readonly chance: number; readonly classes: number }) | TaskNotRun>
  >;
  readonly zeroShot: Readonly<Record<string, ZeroShotResult | TaskNotRun>>;
}

export interface TaskHooks {
  /** The task that begins or goes on, and how much of all tasks is done, 0 to 1. */
  readonly onProgress?: (task: string, share: number) => void | Promise<void>;
}

/**
 * What depends on the suite alone, kept from checkpoint to checkpoint: make one a run, on one machine.
 */
export type TaskCache = Map<string, ProbeResult>;

/**
 * Runs the tasks one after another. One that the model cannot be asked says why, and the others go on.
 *
 * @throws TaskError where the model does not know the suite's tokens; ModelTooBigError.
 */
export async function runTasks(
  subject: Subject,
  runtime: Runtime,
  { definition, tasks }: Suite,
  cache: TaskCache,
  { onProgress }: TaskHooks = {},
): Promise<TaskResults> {
  assertVocabulary(knownTokens(subject), definition.vocabulary.size, definition.id);
  const { objective, vocabulary, probeDimensions: dimensions, seed } = definition;
  const probes: Record<string, TaskResults["probes"][string]> = {};
  const zeroShot: Record<string, TaskResults["zeroShot"][string]> = {};
  const open = new Disposables();
  try {
    const regression = open.once(() => LogisticRegression.create(runtime));
    const probeTasks = tasks.filter((task): task is ProbeTask => task.kind === "probe");
    const featuresOf = (model: ForwardModel) =>
      new TaskFeatures(model, probeTasks, { runtime, dimensions, seed });
    const features = featuresOf(subject);
    const randomFeatures = once(async () => {
      const { model, reason } = await randomiseWeights(subject, runtime, seed);
      return model ? featuresOf(model) : { reason };
    });
    const likelihood = open.once(() =>
      LogLikelihood.prepare({ model: subject, runtime, objective, maskId: vocabulary.mask }),
    );
    for (const [i, task] of tasks.entries()) {
      const report = (share: number) => onProgress?.(task.title, (i + share) / tasks.length);
      await report(0);
      if (task.kind === "probe") {
        const context = {
          runtime,
          regression: await regression(),
          features,
          randomFeatures,
          dimensions,
          vocabulary: vocabulary.size,
          seed,
          oneHotScores: cache,
          beforeStep: report,
        };
        probes[task.id] = await orReason(async () => ({
          ...(await runProbeTask(task, context)),
          chance: chanceOf(task),
          classes: task.classes.length,
        }));
      } else zeroShot[task.id] = await orReason(async () => runZeroShot(await likelihood(), task));
    }
  } finally {
    await open.dispose();
  }
  await onProgress?.("", 1);
  return { probes, zeroShot };
}

async function orReason<Item>(run: () => Promise<Item>): Promise<Item | TaskNotRun> {
  try {
    return await run();
  } catch (error) {
    // What is no fault of the task would hit the next one as well.
    if (!(error instanceof PlateauError) || error instanceof ModelTooBigError) throw error;
    return { accuracy: null, reason: error.message };
  }
}

async function runZeroShot(
  model: LogLikelihood,
  task: Exclude<MinimalPairsTask | MultipleChoiceTask, ProbeTask>,
): Promise<ZeroShotResult> {
  const { accuracy, margins } =
    task.kind === "minimal-pairs"
      ? summariseMinimalPairs([await scoreMinimalPairs(model, task.pairs)], task.pairs.length)
      : summariseMultipleChoice([await scoreMultipleChoice(model, task.items)], task.items.length);
  return { accuracy, chance: chanceOf(task), margins };
}

/** @throws TaskError where the suite's tokens, `size` of them, are more than the model knows. */
export function assertVocabulary(known: number, size: number, suite: string): void {
  if (known >= size) return;
  throw new TaskError(
    `The model knows ${known} tokens, but ${suite} has a vocabulary of ${size}: it was trained on something else.`,
  );
}

function once<Item>(make: () => Promise<Item>): () => Promise<Item> {
  let made: Promise<Item> | undefined;
  return () => (made ??= make());
}

/** Things that are made when first wanted, and freed together. */
class Disposables {
  private readonly made: Promise<{ dispose: () => Promise<void> }>[] = [];

  once<Item extends { dispose: () => Promise<void> }>(make: () => Promise<Item>): () => Promise<Item> {
    let item: Promise<Item> | undefined;
    return () => {
      if (!item) this.made.push((item = make()));
      return item;
    };
  }

  async dispose(): Promise<void> {
    for (const item of await Promise.allSettled(this.made)) {
      if (item.status === "fulfilled") await item.value.dispose();
    }
  }
}
