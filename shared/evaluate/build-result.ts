/** From an evaluation's numbers to the result with its receipt, as it is written to files. */
import type { Corpus } from "../corpus/corpus.ts";
import type { Measure } from "../measures/index.ts";
import { writtenTasks } from "../probes/task-result-schema.ts";
import type { TaskResults } from "../probes/task-results.ts";
import type { Card } from "./card.ts";
import type { FamilyPlan } from "./evaluation-plan.ts";
import type { EvaluateOptions, EvaluateOutcome } from "./evaluate.ts";
import type { FamilyId } from "./evaluation.ts";
import { encodeFloats } from "./float-list.ts";
import { perExampleOf } from "./per-example.ts";
import { SCHEMA_VERSION, type Receipt, type Result } from "./result-schema.ts";
import {
  perturbationSummary,
  type MeasureResult,
  type MeasureResults,
  type PerturbationSummary,
  type UndefinedMeasure,
} from "./result.ts";
import type { Tally } from "./tally.ts";

/** A file's name and content, as a receipt names them. */
export interface FileIdentity {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** What was measured, and how. */
export interface Evaluated {
  readonly measures: readonly Measure[];
  readonly families: ReadonlyMap<FamilyId, Omit<FamilyPlan, "family">>;
  readonly summary: PerturbationSummary;
  readonly results: MeasureResults;
  readonly tallies: ReadonlyMap<FamilyId, Tally>;
}

/** What a receipt says beside the numbers. */
export interface Provenance {
  readonly model: Receipt["model"];
  readonly card: Card | null;
  /** The corpus, or the suite as text. */
  readonly corpusIdentity: FileIdentity;
  /** What ran the model, and the version of ONNX Runtime. */
  readonly runtime: Result["runtime"];
  /** Of Plateau, and of what ran its JavaScript. */
  readonly versions: { readonly plateau: string; readonly node: string };
  /** Null where the runtime decides. */
  readonly threads: number | null;
  readonly seconds: number;
}

export interface ResultInput extends Provenance {
  readonly corpus: Corpus;
  /** Id of the suite; null for a corpus alone. */
  readonly suite: string | null;
  readonly options: Pick<
    EvaluateOptions,
    "seed" | "directions" | "batch" | "precision" | "perLayer" | "epsilon"
  >;
  readonly filters: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  readonly evaluated: Evaluated;
  /** Downstream results; null without a suite. */
  readonly tasks: TaskResults | null;
}

export function evaluatedBy({ evaluation, measures, tallies }: EvaluateOutcome): Evaluated {
  return {
    measures: evaluation.measures,
    families: evaluation.families,
    summary: perturbationSummary(evaluation),
    results: measures,
    tallies,
  };
}

export function buildResult(input: ResultInput): Result {
  const { model, card, corpus, corpusIdentity, suite, runtime, versions, options, evaluated, tasks } = input;
  const { unperturbed, ...summary } = evaluated.summary;
  const { objective, examples, labelledTokens } = corpus;
  // With the loss alone no weight was to be moved, so none was left out.
  const traces = evaluated.measures.some(({ family }) => family !== null);
  return {
    schemaVersion: SCHEMA_VERSION,
    plateau: versions.plateau,
    checkpoint: {
      file: model.file,
      sha256: model.sha256,
      card,
      ...summary,
      unperturbed: traces ? unperturbed : [],
    },
    corpus: { sha256: corpusIdentity.sha256, objective, examples: examples.length, labelledTokens },
    suite,
    runtime,
    seed: options.seed,
    measures: Object.fromEntries(
      Object.entries(evaluated.results).map(([id, measure]) => [id, writable(measure)]),
    ),
    ...(tasks && writtenTasks(tasks)),
    ...(suite !== null && { perExample: examplesOf(evaluated) }),
    receipt: receiptOf(input),
  };
}

function examplesOf({ measures, tallies }: Evaluated): Record<string, string> {
  const lists = Object.entries(perExampleOf(measures, tallies));
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

function receiptOf(input: ResultInput): Receipt {
  const { model, corpus, corpusIdentity, runtime, versions, threads, options, filters, seconds } = input;
  const { measures, families, tallies } = input.evaluated;
  const receipt: Receipt = {
    versions: { plateau: versions.plateau, onnxruntime: runtime.ort, node: versions.node },
    device: runtime.device,
    threads,
    model,
    corpus: { ...corpusIdentity, objective: corpus.objective },
    measures: measures.map(({ id }) => id),
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
  for (const [family, { check, step }] of families) {
    receipt.selfCheck[family] = check;
    if (!measures.some((measure) => measure.family?.id === family)) continue;
    const drawn = tallies.get(family)!.directions.reduce((most, k) => Math.max(most, k), 0);
    // Asked for one direction, some examples draw a second one; a replay asks for one again.
    receipt.directions[family] = Math.min(options.directions, drawn);
    if (!step) continue;
    receipt.epsilon[family] = step.epsilon;
    receipt.rounding[family] = step.rounding;
  }
  return receipt;
}
