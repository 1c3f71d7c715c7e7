/** From an evaluation's outcome to the result file. */
import type { Card } from "../../shared/evaluate/card.ts";
import type { EvaluateOptions, EvaluateOutcome } from "../../shared/evaluate/evaluate.ts";
import {
  perturbationSummary,
  type MeasureResult,
  type UndefinedMeasure,
} from "../../shared/evaluate/result.ts";
import { SCHEMA_VERSION, type Receipt, type Result } from "../../shared/evaluate/result-schema.ts";
import { encodeFloats } from "../../shared/evaluate/float-list.ts";
import { perExampleOf } from "../../shared/evaluate/per-example.ts";
import type { TaskResults } from "../../shared/probes/run-tasks.ts";
import { writtenTasks } from "../../shared/probes/task-result-schema.ts";
import type { Suite } from "../../shared/suites/suite.ts";
import type { CorpusFile } from "./corpus-file.ts";
import type { Machine } from "./devices.ts";
import type { FileIdentity } from "./model-file.ts";
import { VERSION } from "./version.ts";

export interface ResultInput {
  readonly model: Receipt["model"];
  readonly card: Card | null;
  readonly corpus: CorpusFile;
  readonly suite: Suite | null;
  readonly machine: Machine;
  readonly options: Omit<EvaluateOptions, "include">;
  readonly filters: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  readonly outcome: EvaluateOutcome;
  /** Downstream results; null without a suite. */
  readonly tasks: TaskResults | null;
  readonly seconds: number;
}

/** The result with its receipt, as it is written to files. */
export function buildResult(input: ResultInput): Result {
  const { model, card, corpus, suite, machine, options, outcome, tasks } = input;
  const { unperturbed, ...summary } = perturbationSummary(outcome.evaluation);
  const { objective, examples, labelledTokens } = corpus.corpus;
  const { device, version: ort } = machine.runtime;
  // With the loss alone no weight was to be moved, so none was left out.
  const traces = outcome.evaluation.measures.some(({ family }) => family !== null);
  return {
    schemaVersion: SCHEMA_VERSION,
    plateau: VERSION,
    checkpoint: {
      file: model.file,
      sha256: model.sha256,
      card,
      ...summary,
      unperturbed: traces ? unperturbed : [],
    },
    corpus: { sha256: corpus.identity.sha256, objective, examples: examples.length, labelledTokens },
    suite: suite?.definition.id ?? null,
    runtime: { device, ort },
    seed: options.seed,
    measures: Object.fromEntries(
      Object.entries(outcome.measures).map(([id, measure]) => [id, writable(measure)]),
    ),
    ...(tasks && writtenTasks(tasks)),
    ...(suite && { perExample: examplesOf(outcome) }),
    receipt: receiptOf(input, { ...corpus.identity, objective }, ort),
  };
}

function examplesOf({ evaluation, tallies }: EvaluateOutcome): Record<string, string> {
  const lists = Object.entries(perExampleOf(evaluation.measures, tallies));
  return Object.fromEntries(lists.map(([id, values]) => [id, encodeFloats(values)]));
}

/** JSON has no infinities: a measure without a finite value is undefined, and an error without one is left out. */
function writable(measure: MeasureResult | UndefinedMeasure): MeasureResult | UndefinedMeasure {
  if (measure.value === null) return measure;
  if (!Number.isFinite(measure.value)) return { value: null, reason: `it came out as ${measure.value}` };
  const fields = Object.entries(measure).filter(
    ([, field]) => typeof field !== "number" || Number.isFinite(field),
  );
  return Object.fromEntries(fields) as unknown as MeasureResult;
}

function receiptOf(
  { model, machine, options, filters, outcome, seconds }: ResultInput,
  corpus: FileIdentity & Pick<Receipt["corpus"], "objective">,
  ort: string,
): Receipt {
  const receipt: Receipt = {
    versions: { plateau: VERSION, onnxruntime: ort, node: process.versions.node },
    device: machine.runtime.device,
    threads: machine.threads,
    model,
    corpus,
    measures: outcome.evaluation.measures.map(({ id }) => id),
    directions: {},
    precision: options.precision ?? null,
    perLayer: options.perLayer ?? false,
    seed: options.seed,
    epsilon: {},
    epsilonByHand: options.epsilon !== undefined,
    batch: options.batch,
    ...filters,
    selfCheck: {},
    rounding: {},
    seconds,
  };
  for (const [family, { check, step }] of outcome.evaluation.families) {
    receipt.selfCheck[family] = check;
    if (!outcome.evaluation.measures.some((measure) => measure.family?.id === family)) continue;
    const drawn = outcome.tallies.get(family)!.directions.reduce((most, k) => Math.max(most, k), 0);
    // Asked for one direction, some examples draw a second one; a replay asks for one again.
    receipt.directions[family] = Math.min(options.directions, drawn);
    if (!step) continue;
    receipt.epsilon[family] = step.epsilon;
    receipt.rounding[family] = step.rounding;
  }
  return receipt;
}
