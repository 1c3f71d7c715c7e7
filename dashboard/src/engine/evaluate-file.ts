/** One model of the visitor's, from file to result, as the command line does it. */
import { targetsOf } from "../../../shared/corpus/corpus.ts";
import { buildResult, evaluatedBy } from "../../../shared/evaluate/build-result.ts";
import { evaluate } from "../../../shared/evaluate/evaluate.ts";
import { explainFailure } from "../../../shared/evaluate/explain-failure.ts";
import {
  foreseenRows,
  ProgressPlan,
  taskRows,
  type ProgressState,
} from "../../../shared/evaluate/progress-plan.ts";
import type { Result } from "../../../shared/evaluate/result-schema.ts";
import { assertLooksUp } from "../../../shared/evaluate/vocabulary-check.ts";
import { runTasks } from "../../../shared/probes/run-tasks.ts";
import { agreementOf, type Agreement } from "./agreement.ts";
import { readMaterial, type ReadMaterial } from "./material.ts";
import type { Job } from "./messages.ts";
import { hashFile, loadGraph } from "./read-model-file.ts";
import type { Engine } from "./engine.ts";

export interface FileHooks {
  readonly onProgress: (state: ProgressState) => void;
  /** Seconds, from any origin. */
  readonly now: () => number;
  /** Of Plateau, and of what runs this. */
  readonly versions: { readonly plateau: string; readonly node: string };
}

export interface FileOutcome {
  /** Null where the device does not agree with the processor. */
  readonly result: Result | null;
  /** Null on the processor itself. */
  readonly agreement: Agreement | null;
}

type Told = Pick<ProgressState, "stage">;

/** @throws PlateauErrors that say what to do; and whatever is a defect of Plateau. */
export async function evaluateFile(job: Job, engine: Engine, hooks: FileHooks): Promise<FileOutcome> {
  const { model: file, card, device, threads, batch, perLayer } = job;
  const started = hooks.now();
  const tell = ({ stage }: Told) => hooks.onProgress({ stage, fraction: 0, rate: null, secondsLeft: null });
  tell({ stage: "reading the files" });
  const material = await readMaterial(job.material);
  const { corpus, suite, identity, measures, directions, seed } = material;
  const graph = await loadGraph(file);
  // At once rather than after the measures.
  if (suite) assertLooksUp(graph, suite.definition);
  const sha256 = await hashFile(file);
  const runtime = engine.on(device);
  let agreement: Agreement | null = null;
  if (device !== "wasm") {
    agreement = await compareDevices(graph, engine, material, job, (stage) => tell({ stage }));
    if (!agreement.agrees) return { result: null, agreement };
  }
  const options = { measures, directions, seed, batch, perLayer };
  const rows = foreseenRows(graph, corpus.examples.length, options);
  if (suite) rows.push(taskRows(suite));
  const plan = new ProgressPlan(rows, hooks.now, hooks.onProgress);
  const outcome = await evaluate(graph, runtime, corpus, options, plan.hooks).catch(
    async (error: unknown) => {
      throw await explainFailure(error, graph, runtime, corpus);
    },
  );
  const tasks =
    suite &&
    (await plan.during("downstream", rows.at(-1)!, (onProgress) =>
      runTasks(outcome.evaluation.subject, runtime, suite, new Map(), { onProgress }),
    ));
  const result = buildResult({
    model: { file: file.name, sha256, bytes: file.size, externalData: [] },
    card,
    corpus,
    corpusIdentity: identity,
    suite: suite?.definition.id ?? null,
    options,
    filters: { include: [], exclude: [] },
    runtime: { device, ort: runtime.version },
    versions: hooks.versions,
    threads,
    seconds: Math.round(1000 * (hooks.now() - started)) / 1000,
    evaluated: evaluatedBy(outcome),
    tasks,
  });
  return { result, agreement };
}

/** Examples that both devices are given. */
const CHECKED = 32;
const CHECKED_DIRECTIONS = 2;

/** The same little evaluation on both, with the steps that suit the processor. */
async function compareDevices(
  graph: Awaited<ReturnType<typeof loadGraph>>,
  engine: Engine,
  { corpus, measures, seed }: ReadMaterial,
  { device, batch }: Job,
  onStage: (stage: string) => void,
): Promise<Agreement> {
  const examples = corpus.examples.slice(0, CHECKED);
  const labelledTokens = labelsOf(examples, corpus.objective);
  // Those of the first examples come first.
  const conditionals = corpus.conditionals?.slice(0, labelledTokens);
  const few = { ...corpus, examples, labelledTokens, ...(conditionals && { conditionals }) };
  const options = { measures, directions: CHECKED_DIRECTIONS, seed, batch };
  const reference = await evaluate(graph, engine.on("wasm"), few, options, {
    onStage: (stage) => onStage(`a few examples on the processor: ${stage}`),
  });
  const epsilon = Object.fromEntries(
    [...reference.evaluation.families].flatMap(([family, { step }]) =>
      step ? [[family, step.epsilon]] : [],
    ),
  );
  try {
    const checked = await evaluate(
      graph,
      engine.on(device),
      few,
      { ...options, epsilon },
      {
        onStage: (stage) => onStage(`the same on WebGPU: ${stage}`),
      },
    );
    return agreementOf(examples.length, reference.measures, checked.measures);
  } catch (error) {
    // The evaluation's own checks have found what differs, or the device broke down.
    const failure = error instanceof Error ? error.message.split(";")[0]! : String(error);
    return { examples: examples.length, agrees: false, failure, measures: [] };
  }
}

function labelsOf(examples: ReadMaterial["corpus"]["examples"], objective: "mlm" | "clm"): number {
  return examples.reduce((sum, example) => sum + targetsOf(example, objective).length, 0);
}
