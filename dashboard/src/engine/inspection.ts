/** A model looked at before it is evaluated or sent: what it holds, how it will be measured, and what that takes. */
import { PlateauError } from "../../../shared/errors.ts";
import { foreseenRows, taskRows } from "../../../shared/evaluate/progress-plan.ts";
import { trialRun, type Trial } from "../../../shared/evaluate/trial-run.ts";
import { assertVocabulary } from "../../../shared/evaluate/vocabulary-check.ts";
import { canonicalise } from "../../../shared/onnx/canonical/index.ts";
import { UnsupportedModelError } from "../../../shared/onnx/error.ts";
import type { Graph } from "../../../shared/onnx/graph.ts";
import { modelInputs } from "../../../shared/onnx/inputs.ts";
import { findParameters, type Parameter } from "../../../shared/onnx/parameters.ts";
import { embeddingRows } from "../../../shared/perturb/subject.ts";
import type { Runtime } from "../../../shared/runtime.ts";
import type { Suite } from "../../../shared/suites/suite.ts";

/** What its graph tells, without running it. */
export interface Contents {
  readonly producer: string;
  readonly opset: number;
  /** Scalars; tied ones count once. */
  readonly parameters: number;
  readonly kinds: readonly {
    readonly kind: string;
    readonly tensors: number;
    readonly parameters: number;
  }[];
  /** Numbered layers that parameters are named after. */
  readonly layers: number;
  /** Tokens; null where the graph does not show it. */
  readonly vocabulary: number | null;
}

export interface PartOfModel {
  readonly name: string;
  readonly parameters: number;
  readonly reason: string;
}

/** How its parameters will be measured, found out by running it on a few made-up tokens. */
export interface Movement {
  /** Scalars that every example moves along directions of its own. */
  readonly apart: number;
  /** Scalars whose part of every trace is exact. */
  readonly exact: number;
  /** Moved as a whole for a block of examples. */
  readonly together: readonly PartOfModel[];
  readonly left: readonly PartOfModel[];
  /** Tokens that it gives logits of. */
  readonly vocabulary: number;
  /** Whether it runs on one example at a time only, which is slower. */
  readonly oneByOne: boolean;
  /** Layers whose output probes can read, the embeddings included. */
  readonly probed: number;
}

export interface Cost {
  /** Forward passes of one example, about. */
  readonly rows: number;
  /** Seconds of computing on one thread, as on the edge; about. */
  readonly seconds: number;
  /** Why this suite cannot be asked of the model; null where it can. */
  readonly refusal: string | null;
}

/** @throws UnsupportedModelError where the model has nothing to move, or takes no tokens. */
export async function contentsOf(graph: Graph): Promise<Contents> {
  const canonical = canonicalise(graph);
  const rows = embeddingRows(canonical, modelInputs(canonical));
  const { parameters } = await findParameters(canonical);
  if (parameters.length === 0) {
    throw new UnsupportedModelError(
      "The model has no trainable parameters. Export it with its weights, as constants of the graph.",
    );
  }
  const groups = Map.groupBy(parameters, ({ kind }) => kind);
  return {
    producer: graph.producer,
    opset: graph.opset,
    parameters: scalars(parameters),
    kinds: [...groups].map(([kind, tensors]) => ({
      kind,
      tensors: tensors.length,
      parameters: scalars(tensors),
    })),
    layers: new Set(parameters.flatMap(({ layer }) => layer ?? [])).size,
    vocabulary: Number.isFinite(rows) ? rows : null,
  };
}

/** @throws UnsupportedModelError where it does not run. */
export async function movementOf(graph: Graph, runtime: Runtime): Promise<Movement> {
  const { subject, participation }: Trial = await trialRun(graph, runtime);
  const modes = subject.parameters.map((parameter) => {
    const state = participation[parameter.index]!;
    // With one example a run, what moves as a whole moves for that example alone.
    const mode = state.mode === "shared" && subject.oneByOne ? "example" : state.mode;
    return { parameter, mode, reason: "reason" in state ? state.reason : "" };
  });
  const of = (wanted: string) => modes.filter(({ mode }) => mode === wanted);
  const parts = (wanted: string) =>
    of(wanted).map(({ parameter: { name, count }, reason }) => ({ name, parameters: count, reason }));
  const count = (wanted: string) => scalars(of(wanted).map(({ parameter }) => parameter));
  return {
    apart: count("example"),
    exact: count("exact"),
    together: parts("shared"),
    left: parts("none"),
    vocabulary: subject.vocabulary,
    oneByOne: subject.oneByOne,
    probed: subject.hiddenStates.length,
  };
}

/**
 * Of WebAssembly on one thread, as shards at the edge took them: floating-point operations a second, and seconds that a
 * row takes however small the model.
 */
const [SPEED, ROW] = [1e10, 5e-5];
/** Seconds that the fits of a probe task take for each of its training sentences, and more for each class. */
const [FIT, FIT_CLASS] = [6e-3, 3e-4];
/** Features are read off the model, and off one with random weights. */
const MODELS = 2;

export function costOf(
  graph: Graph,
  { parameters }: Pick<Contents, "parameters">,
  vocabulary: number | null,
  suite: Suite,
): Cost {
  const { definition, corpus, tasks } = suite;
  const { measures, directions, seed } = definition;
  const { examples } = corpus;
  const probes = tasks.filter((task) => task.kind === "probe");
  const others = taskRows({ ...suite, tasks: tasks.filter((task) => task.kind !== "probe") });
  const sentences = sum(
    probes,
    ({ train, validation, test }) => train.length + validation.length + test.length,
  );
  const foreseen = foreseenRows(graph, examples.length, { measures, directions, seed, batch: 1 });
  const rows = sum(foreseen, (each) => each) + others + MODELS * sentences;
  const fits = sum(probes, ({ train, classes }) => train.length * (FIT + FIT_CLASS * classes.length));
  const length = sum(examples, ({ inputIds }) => inputIds.length) / examples.length;
  return {
    rows,
    seconds: rows * ((2 * parameters * length) / SPEED + ROW) + fits,
    refusal: vocabulary === null ? null : refusalOf(() => assertVocabulary(vocabulary, definition)),
  };
}

function sum<T>(list: readonly T[], of: (each: T) => number): number {
  return list.reduce((total, each) => total + of(each), 0);
}

function refusalOf(check: () => void): string | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof PlateauError) return error.message;
    throw error;
  }
}

const scalars = (parameters: readonly Parameter[]) => parameters.reduce((sum, { count }) => sum + count, 0);
