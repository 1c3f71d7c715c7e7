/** One model from file to result. */
import { canonicalise } from "../../shared/onnx/canonical/index.ts";
import { PlateauError } from "../../shared/errors.ts";
import { buildResult, evaluatedBy } from "../../shared/evaluate/build-result.ts";
import { evaluate, type EvaluateOptions } from "../../shared/evaluate/evaluate.ts";
import { explainFailure } from "../../shared/evaluate/explain-failure.ts";
import { assertLooksUp } from "../../shared/evaluate/vocabulary-check.ts";
import { SCHEMA_VERSION, type Result } from "../../shared/evaluate/result-schema.ts";
import type { Graph } from "../../shared/onnx/graph.ts";
import { findParameters } from "../../shared/onnx/parameters.ts";
import { readCard } from "./card-file.ts";
import type { CorpusFile } from "./corpus-file.ts";
import type { Machine } from "./devices.ts";
import type { FinishedResults, Identity } from "./finished-results.ts";
import { matches, parameterFilter } from "./globs.ts";
import { runTasks, type TaskCache } from "../../shared/probes/run-tasks.ts";
import type { Suite } from "../../shared/suites/suite.ts";
import { ModelFile } from "./model-file.ts";
import {
  foreseenRows,
  ProgressPlan,
  taskRows,
  type ProgressState,
} from "../../shared/evaluate/progress-plan.ts";
import { VERSION } from "./version.ts";

/** What all models of a command share. */
export interface Run {
  readonly corpus: CorpusFile;
  /** What the corpus belongs to, with its tasks; null for a corpus alone. */
  readonly suite: Suite | null;
  /** What tasks need only once. */
  readonly taskCache: TaskCache;
  readonly machine: Machine;
  readonly options: Omit<EvaluateOptions, "include">;
  readonly filters: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  /** Where finished results are kept; null where they are not. */
  readonly finished: FinishedResults | null;
}

export interface ModelHooks {
  /** Something worth a line of its own. */
  readonly onNote: (text: string) => void;
  readonly onProgress: (state: ProgressState) => void;
  /** Called once the model is known and will be evaluated: bytes of its files, rows foreseen. */
  readonly onStart: (bytes: number, rows: number) => void;
}

/** The filters leave no parameter of this model. */
export class NothingSelectedError extends PlateauError {}

/** Evaluates one model, or takes its finished result. `label` names it in files. */
export async function evaluateModel(
  path: string,
  label: string,
  run: Run,
  hooks: ModelHooks,
): Promise<{ readonly result: Result; readonly vocabulary?: number }> {
  const started = performance.now();
  const file = await ModelFile.open(path);
  try {
    const { graph } = file;
    const { corpus, suite, machine, options, filters, finished } = run;
    const card = await readCard(path);
    const model = await file.identify();
    const identity = identityOf(run, model);
    const found = await finished?.find(identity);
    if (found === "unreadable") hooks.onNote("its kept result cannot be read; evaluating again");
    else if (found) {
      hooks.onNote("done already, taken from --out");
      // The file may have been renamed since, and its card may have been written.
      const { checkpoint } = found.result;
      return { result: { ...found.result, checkpoint: { ...checkpoint, file: path, card } } };
    }
    await checkFilters(graph, filters, path, hooks);
    // At once rather than after the measures: tasks ask again, of the head as well.
    if (suite) assertLooksUp(graph, suite.definition);

    const rows = foreseenRows(graph, corpus.corpus.examples.length, options);
    if (suite) rows.push(taskRows(suite));
    hooks.onStart(
      file.bytes,
      rows.reduce((sum, each) => sum + each, 0),
    );
    const plan = new ProgressPlan(rows, () => performance.now() / 1000, hooks.onProgress);
    const include = parameterFilter(filters.include, filters.exclude);
    const outcome = await evaluate(
      graph,
      machine.runtime,
      corpus.corpus,
      { ...options, ...(include && { include }) },
      plan.hooks,
    ).catch(async (error: unknown) => {
      throw await explainFailure(error, graph, machine.runtime, corpus.corpus);
    });
    const tasks =
      suite &&
      (await plan.during("downstream", rows.at(-1)!, (onProgress) =>
        runTasks(outcome.evaluation.subject, machine.runtime, suite, run.taskCache, { onProgress }),
      ));
    await file.assertUnchanged();
    const seconds = Math.round(performance.now() - started) / 1000;
    const result = buildResult({
      ...{ model, card, options, filters, tasks, seconds },
      corpus: corpus.corpus,
      corpusIdentity: corpus.identity,
      suite: suite?.definition.id ?? null,
      runtime: { device: machine.runtime.device, ort: machine.runtime.version },
      versions: { plateau: VERSION, node: process.versions.node },
      threads: machine.threads,
      evaluated: evaluatedBy(outcome),
    });
    await finished?.keep(identity, label, result);
    return { result, vocabulary: outcome.evaluation.subject.vocabulary };
  } finally {
    await file.close();
  }
}

function identityOf(
  { corpus, machine, options, filters }: Run,
  model: Awaited<ReturnType<ModelFile["identify"]>>,
): Identity {
  // Passes of another size give the same numbers, so that `batch` and `threads` are free to change.
  const { measures, directions, precision = null, epsilon = null, perLayer = false, seed } = options;
  const { device, version } = machine.runtime;
  return {
    modelSha256: model.sha256,
    externalSha256: model.externalData.map(({ sha256 }) => sha256),
    corpusSha256: corpus.identity.sha256,
    seed,
    options: {
      objective: corpus.corpus.objective,
      measures,
      directions,
      precision,
      epsilon,
      perLayer,
      ...filters,
      device,
      ort: version,
      plateau: VERSION,
      schema: SCHEMA_VERSION,
    },
  };
}

/** Says which filters match nothing here, and throws where they leave nothing at all. */
async function checkFilters(
  graph: Graph,
  { include, exclude }: Run["filters"],
  path: string,
  { onNote }: ModelHooks,
): Promise<void> {
  const admits = parameterFilter(include, exclude);
  if (!admits) return;
  const { parameters } = await findParameters(canonicalise(graph));
  if (!parameters.some(admits)) {
    throw new NothingSelectedError(
      `--include and --exclude leave no parameter. See their names with: plateau inspect ${path}.`,
    );
  }
  for (const glob of [...include, ...exclude]) {
    if (!parameters.some(({ name }) => matches(glob, name))) onNote(`no parameter matches '${glob}'`);
  }
}
