/** Evaluates again what a receipt describes: same examples, directions and ε. */
import { evaluate } from "../../shared/evaluate/evaluate.ts";
import { Evaluation } from "../../shared/evaluate/evaluation.ts";
import { traceName } from "../../shared/evaluate/family-setup.ts";
import { perExampleOf } from "../../shared/evaluate/per-example.ts";
import { explainFailure } from "../../shared/evaluate/explain-failure.ts";
import { perturbationSummary, type MeasureResults } from "../../shared/evaluate/result.ts";
import type { Receipt, Result } from "../../shared/evaluate/result-schema.ts";
import { selectMeasures } from "../../shared/measures/index.ts";
import type { Graph } from "../../shared/onnx/graph.ts";
import type { Corpus } from "../../shared/corpus/corpus.ts";
import { runTasks } from "../../shared/probes/run-tasks.ts";
import { writtenTasks } from "../../shared/probes/task-result-schema.ts";
import type { Suite } from "../../shared/suites/suite.ts";
import type { Runtime } from "../../shared/runtime.ts";
import { parameterFilter } from "./globs.ts";
import {
  foreseenRows,
  ProgressPlan,
  taskRows,
  type ProgressState,
} from "../../shared/evaluate/progress-plan.ts";

export interface Replay {
  readonly measures: MeasureResults;
  readonly parameters: number;
  readonly perturbedParameters: number;
  readonly exactParameters: number;
  /** By measure, for a result with a suite: see per-example.ts. */
  readonly perExample: Readonly<Record<string, readonly number[]>>;
  /** Empty for a result without a suite. */
  readonly tasks: Pick<Result, "probes" | "zeroShot">;
}

/** @param onStart called with the rows foreseen, before anything runs. */
export async function replay(
  { receipt, measures: claimed }: Result,
  graph: Graph,
  runtime: Runtime,
  corpus: Corpus,
  suite: Suite | null,
  onStart: (rows: number) => void,
  onProgress: (state: ProgressState) => void,
): Promise<Replay> {
  const { seed, batch, perLayer, epsilon } = receipt;
  const include = parameterFilter(receipt.include, receipt.exclude);
  const all = selectMeasures(receipt.measures);
  const drawn = Object.entries(receipt.directions) as [keyof Receipt["directions"], number][];
  // Families may have stopped at different precisions, so each is a run of its own.
  const runs = (drawn.length > 0 ? drawn : [[null, 1] as const]).map(([id, directions]) => ({
    measures: all.filter(({ family }) => family === null || family.id === id).map((measure) => measure.id),
    // No directions were drawn where all is exact; that is found out again.
    directions: Math.max(1, directions),
    seed,
    batch,
    perLayer,
    epsilon,
    epsilonChosen: !receipt.epsilonByHand,
    ...(include && { include }),
  }));
  const rows = runs.flatMap((run) => foreseenRows(graph, corpus.examples.length, run));
  if (suite) rows.push(taskRows(suite));
  onStart(rows.reduce((sum, each) => sum + each, 0));
  const plan = new ProgressPlan(rows, () => performance.now() / 1000, onProgress);
  let replayed: Replay = {
    measures: {},
    parameters: 0,
    perturbedParameters: 0,
    exactParameters: 0,
    perExample: {},
    tasks: {},
  };
  for (const [i, run] of runs.entries()) {
    const { measures, evaluation, tallies } = await evaluate(graph, runtime, corpus, run, plan.hooks).catch(
      async (error: unknown) => {
        throw await explainFailure(error, graph, runtime, corpus);
      },
    );
    replayed = {
      ...replayed,
      ...perturbationSummary(evaluation),
      measures: { ...replayed.measures, ...measures },
      perExample: { ...replayed.perExample, ...(suite && perExampleOf(evaluation.measures, tallies)) },
    };
    if (i > 0 || !suite) continue;
    const tasks = await plan.during("downstream", rows.at(-1)!, (onProgress) =>
      runTasks(evaluation.subject, runtime, suite, new Map(), { onProgress }),
    );
    replayed = { ...replayed, tasks: writtenTasks(tasks) };
  }
  const withheld = await stillWithheld(receipt, claimed, graph, runtime, corpus);
  return { ...replayed, measures: { ...replayed.measures, ...withheld } };
}

/**
 * Measures that the result withholds because no step suits them, where choosing the step again withholds them too. The
 * replay itself is told its steps, and a step that is given withholds nothing.
 */
async function stillWithheld(
  receipt: Receipt,
  claimed: MeasureResults,
  graph: Graph,
  runtime: Runtime,
  corpus: Corpus,
): Promise<MeasureResults> {
  const measures = selectMeasures(receipt.measures).filter(
    ({ id, family }) => family && claimed[id]?.value === null,
  );
  if (measures.length === 0 || receipt.epsilonByHand) return {};
  const include = parameterFilter(receipt.include, receipt.exclude);
  const { seed, batch } = receipt;
  const evaluation = await Evaluation.prepare(graph, runtime, corpus, {
    measures: receipt.measures,
    directions: Math.max(1, ...Object.values(receipt.directions)),
    seed,
    batch,
    ...(include && { include }),
  });
  try {
    return Object.fromEntries(
      measures.flatMap((measure) => {
        const reason = evaluation.families.get(measure.family!.id)?.step?.quality[traceName(measure)].reason;
        return reason ? [[measure.id, { value: null, reason }]] : [];
      }),
    );
  } finally {
    await evaluation.dispose();
  }
}
