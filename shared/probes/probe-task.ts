/**
 * A probe task on one checkpoint: the last layer in full, every layer at one penalty, and both baselines.
 *
 * Features are made once for all layers and splits; each fit after that is a piece of work of its own (fit-probe).
 */
import type { Runtime } from "../runtime.ts";
import type { ProbeExample, ProbeTask } from "../suites/task.ts";
import { prepareProbe, type ProbeData, type ProbeInput } from "./fit-probe-data.ts";
import { mergeFits, type ProbeResult } from "./fit-probe-merge.ts";
import { firstFits, laterFits, type FitResult, type FitSpec, type MainResult } from "./fit-probe-spec.ts";
import { runFit } from "./fit-probe.ts";
import { ProbeDataError, type Matrix } from "./logistic-input.ts";
import type { LogisticRegression } from "./logistic.ts";
import { pairedGain, type Score } from "./metrics.ts";
import { oneHotFeatures } from "./one-hot.ts";
import type { TaskFeatures } from "./task-features.ts";

export interface ProbeTaskContext {
  readonly runtime: Runtime;
  readonly regression: LogisticRegression;
  /** Of the checkpoint. */
  readonly features: TaskFeatures;
  /** Of the same architecture with random weights, or why there are none. */
  readonly randomFeatures: () => Promise<TaskFeatures | { readonly reason: string }>;
  /** Features of every layer are projected to this many. */
  readonly dimensions: number;
  /** Tokens of the suite are below this. */
  readonly vocabulary: number;
  /** A whole number below 2⁵³. */
  readonly seed: number;
  /** Scores that depend on the task alone, kept by its id from checkpoint to checkpoint. */
  readonly oneHotScores: Map<string, ProbeResult>;
  /** Called before each fit and each extraction, for progress and cancellation; `share` of the task is done. */
  readonly beforeStep?: (share: number) => void | Promise<void>;
}

/** Null with the reason where a layer cannot be probed: its features may be constant at one position, or overflow. */
export type LayerScore = {
  /** Null: the embeddings. */
  readonly layer: number | null;
} & ({ readonly accuracy: Score } | NoScore);

interface NoScore {
  readonly accuracy: null;
  readonly reason: string;
}

/** A score of a baseline, and what the checkpoint gains over it on the same test sentences. */
export interface Baseline {
  readonly accuracy: ProbeResult["accuracy"];
  readonly gain: { readonly value: number; readonly standardError: number | null };
}

export interface ProbeTaskResult {
  /** Of the last layer. */
  readonly probe: ProbeResult;
  /** Same architecture, random weights; null with the reason. */
  readonly random: Baseline | NoScore;
  /** The words at their positions, without any model. */
  readonly oneHot: Baseline;
  /** At one penalty, so that layers differ in their features alone. */
  readonly layers: readonly LayerScore[];
}

/** @throws TaskError, ProbeDataError, UnsupportedModelError: what the model or the task lacks. */
export async function runProbeTask(task: ProbeTask, context: ProbeTaskContext): Promise<ProbeTaskResult> {
  const { runtime, oneHotScores } = context;
  const features = await context.features.of(task);
  const steps = new Steps(context.beforeStep, features.length + 5);
  const layers: LayerScore[] = [];
  for (const { layer, values } of features.slice(0, -1)) {
    await steps.next();
    const input = probeInput(task, context, layerName(layer), values);
    const score = await orNoScore(async () => ({
      accuracy: await quickScore(await prepareProbe(runtime, input), context),
    }));
    layers.push({ layer, ...score });
  }
  await steps.next();
  const last = features.at(-1)!;
  const data = await prepareProbe(runtime, probeInput(task, context, layerName(last.layer), last.values));
  layers.push({ layer: last.layer, accuracy: await quickScore(data, context) });
  const probe = await fullProbe(data, context, () => steps.next());

  await steps.next();
  const randomFeatures = await context.randomFeatures();
  const random =
    "reason" in randomFeatures
      ? { accuracy: null, reason: randomFeatures.reason }
      : await orNoScore(async () => baseline(probe, await randomScore(randomFeatures, task, context)));
  await steps.next();
  const oneHot = oneHotScores.get(task.id) ?? (await oneHotScore(task, context));
  oneHotScores.set(task.id, oneHot);
  return { probe, random, oneHot: baseline(probe, oneHot), layers };
}

/** The number of `beforeStep` calls is what progress is counted in. */
class Steps {
  private done = 0;
  private readonly report: ProbeTaskContext["beforeStep"];
  private readonly total: number;

  constructor(report: ProbeTaskContext["beforeStep"], total: number) {
    this.report = report;
    this.total = total;
  }

  async next(): Promise<void> {
    await this.report?.(Math.min(1, this.done++ / this.total));
  }
}

async function fullProbe(
  data: ProbeData,
  context: ProbeTaskContext,
  next: () => Promise<void>,
): Promise<ProbeResult> {
  const first = await runAll(firstFits("full"), data, context);
  await next();
  const main = first.find((fit): fit is MainResult => fit.kind === "main")!;
  return merge([...first, ...(await runAll(laterFits(main, data), data, context))], data, context);
}

/** What features do not allow of one layer, or of random weights, is no reason to go without the rest. */
async function orNoScore<Item>(run: () => Promise<Item>): Promise<Item | NoScore> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ProbeDataError)) throw error;
    return { accuracy: null, reason: error.message };
  }
}

async function quickScore(data: ProbeData, context: ProbeTaskContext): Promise<Score> {
  const { accuracy } = merge(await runAll(firstFits("quick"), data, context), data, context);
  return { value: accuracy.value, standardError: accuracy.standardError };
}

async function randomScore(
  features: TaskFeatures,
  task: ProbeTask,
  context: ProbeTaskContext,
): Promise<ProbeResult> {
  const last = (await features.of(task)).at(-1)!;
  return score(probeInput(task, context, "random weights", last.values), context);
}

async function oneHotScore(task: ProbeTask, context: ProbeTaskContext): Promise<ProbeResult> {
  const sets = splitsOf(task).map((examples) => examples.map(({ inputIds }) => inputIds));
  const { matrices } = oneHotFeatures(sets, {
    positions: longestOf(task),
    vocabulary: context.vocabulary,
  });
  return score(inputOf(task, "one-hot words", matrices), context);
}

/** Accuracy and F1 with both errors, as baselines need: no online code, no control task. */
async function score(input: ProbeInput, context: ProbeTaskContext): Promise<ProbeResult> {
  const data = await prepareProbe(context.runtime, input);
  const first = await runAll(firstFits("scores"), data, context);
  const main = first.find((fit): fit is MainResult => fit.kind === "main")!;
  const resamples = await runAll(laterFits(main, {}), data, context);
  return merge([...first, ...resamples], data, context);
}

function baseline(probe: ProbeResult, { accuracy, correct }: ProbeResult): Baseline {
  return { accuracy, gain: pairedGain(probe.correct, correct) };
}

async function runAll(
  fits: readonly FitSpec[],
  data: ProbeData,
  { regression, seed }: ProbeTaskContext,
): Promise<FitResult[]> {
  const results: FitResult[] = [];
  for (const fit of fits) results.push(await runFit(fit, { regression, data, seed }));
  return results;
}

function merge(results: readonly FitResult[], data: ProbeData, { seed }: ProbeTaskContext): ProbeResult {
  return mergeFits(results, {
    classes: data.classes.length,
    trainingExamples: data.train.labels.length,
    testLabels: data.test.labels,
    ...(data.types && { types: data.types }),
    seed,
  });
}

/** @param values [all sentences, dimensions], the splits one after another. */
function probeInput(
  task: ProbeTask,
  { dimensions }: ProbeTaskContext,
  name: string,
  values: Float32Array,
): ProbeInput {
  let first = 0;
  const matrices = splitsOf(task).map(({ length: rows }): Matrix => {
    const data = values.subarray(first * dimensions, (first += rows) * dimensions);
    return { rows, columns: dimensions, data };
  });
  return inputOf(task, name, matrices);
}

function inputOf(task: ProbeTask, name: string, matrices: readonly Matrix[]): ProbeInput {
  const labelled = (examples: readonly ProbeExample[], split: number) => ({
    features: matrices[split]!,
    labels: examples.map(({ label }) => label),
  });
  const typeOf = ({ inputIds }: ProbeExample) =>
    task.controlPositions.map((position) => inputIds[position] ?? "").join(" ");
  return {
    name: `${name} of ${task.id}`,
    classes: task.classes,
    train: labelled(task.train, 0),
    validation: labelled(task.validation, 1),
    test: labelled(task.test, 2),
    types: { train: task.train.map(typeOf), test: task.test.map(typeOf) },
  };
}

const splitsOf = ({ train, validation, test }: ProbeTask) => [train, validation, test] as const;

function longestOf(task: ProbeTask): number {
  return splitsOf(task).reduce(
    (longest, examples) => examples.reduce((most, { inputIds }) => Math.max(most, inputIds.length), longest),
    0,
  );
}

function layerName(layer: number | null): string {
  return layer === null ? "the embeddings" : `layer ${layer}`;
}
