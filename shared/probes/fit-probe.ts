/** Runs the fits that make up a probe's result (see fit-probe-spec). */
import { controlLabels } from "./control-task.ts";
import { drawIndices, drawPermutation, DrawPurpose } from "./fit-probe-draws.ts";
import type { ProbeData } from "./fit-probe-data.ts";
import type {
  Candidate,
  CodelengthResult,
  ControlResult,
  FitResult,
  FitSpec,
  MainResult,
  ResampleResult,
} from "./fit-probe-spec.ts";
import { boundScale } from "./logistic-axes.ts";
import { ProbeDataError, takeRows } from "./logistic-input.ts";
import type { LogisticFit, LogisticRegression } from "./logistic.ts";
import { accuracy, correctness, macroF1 } from "./metrics.ts";
import { onlineCodelength } from "./online-codelength.ts";

/** Of fits that differ at random anyway. */
const LOOSE_TOLERANCE = 1e-4;

export interface FitContext {
  readonly regression: LogisticRegression;
  readonly data: ProbeData;
  /** A whole number below 2⁵³. */
  readonly seed: number;
}

/** Runs one fit. Starts from zero, whatever ran before. */
export async function runFit(spec: FitSpec, context: FitContext): Promise<FitResult> {
  switch (spec.kind) {
    case "main":
      return runMain(spec.penalties, context);
    case "resample":
      return runResample(spec.index, spec.l2, context);
    case "control":
      return runControl(spec.index, spec.l2, context);
    case "codelength":
      return runCodelength(spec.index, context);
  }
}

async function runMain(penalties: readonly number[], { regression, data }: FitContext): Promise<MainResult> {
  const ordered = [...penalties].sort((a, b) => b - a);
  if (ordered.length === 0)
    throw new ProbeDataError("There is no L2 penalty to fit with; give at least one.");
  const { train, validation, test } = data;
  const candidates: Candidate[] = [];
  let best: { fit: LogisticFit; candidate: Candidate } | undefined;
  let start: LogisticFit | undefined;
  for (const l2 of ordered) {
    const fit: LogisticFit = await regression.fit({
      ...problemOf(data, l2),
      labels: train.labels,
      ...(start && { start }),
    });
    start = fit;
    const { loss, classes } = await regression.predict(fit, validation.features, validation.labels);
    const candidate: Candidate = {
      l2,
      validationAccuracy: accuracy(correctness(classes, validation.labels)).value,
      validationLoss: loss.reduce((sum, nats) => sum + nats, 0) / loss.length,
      converged: fit.converged,
      gradientNorm: fit.gradientNorm,
      iterations: fit.iterations,
    };
    candidates.push(candidate);
    if (!best || isBetter(candidate, best.candidate)) best = { fit, candidate };
  }
  const { fit, candidate } = best!;
  const { classes } = await regression.predict(fit, test.features, test.labels);
  const position = candidates.indexOf(candidate);
  const edge = position === 0 ? "strongest" : position === candidates.length - 1 ? "weakest" : null;
  return {
    kind: "main",
    l2: candidate.l2,
    edge: candidates.length === 1 ? null : edge,
    candidates,
    converged: candidate.converged,
    predicted: [...classes],
  };
}

/** Accuracy, because that is what is reported; among equals the lower loss. */
function isBetter(a: Candidate, b: Candidate): boolean {
  return a.validationAccuracy === b.validationAccuracy
    ? a.validationLoss < b.validationLoss
    : a.validationAccuracy > b.validationAccuracy;
}

async function runResample(index: number, l2: number, context: FitContext): Promise<ResampleResult> {
  const { regression, data, seed } = context;
  const { train, test, classes } = data;
  const n = train.labels.length;
  const draws = new Float64Array(n);
  for (const i of drawIndices(n, n, { seed, purpose: DrawPurpose.trainingBootstrap, index })) draws[i]!++;
  // A third of the examples is not drawn.
  const drawn = Array.from(draws.keys()).filter((i) => draws[i]! > 0);
  const fit = await regression.fit({
    ...problemOf(data, l2),
    features: takeRows(train.features, drawn),
    labels: drawn.map((i) => train.labels[i]!),
    counts: drawn.map((i) => draws[i]!),
    gradientTolerance: LOOSE_TOLERANCE,
  });
  const { classes: predicted } = await regression.predict(fit, test.features, test.labels);
  return {
    kind: "resample",
    index,
    accuracy: accuracy(correctness(predicted, test.labels)).value,
    macroF1: macroF1(predicted, test.labels, classes.length),
    converged: fit.converged,
  };
}

async function runControl(index: number, l2: number, context: FitContext): Promise<ControlResult> {
  const { regression, data, seed } = context;
  const { train, test, types, name } = data;
  if (!types)
    throw new ProbeDataError(`${name} has no types of examples, so there is no control task; give them.`);
  const options = { labels: train.labels, seed, index };
  const fit = await regression.fit({
    ...problemOf(data, l2),
    labels: controlLabels(types.train, options),
    gradientTolerance: LOOSE_TOLERANCE,
  });
  const labels = controlLabels(types.test, options);
  const { classes } = await regression.predict(fit, test.features, labels);
  return { kind: "control", index, correct: correctness(classes, labels), converged: fit.converged };
}

async function runCodelength(index: number, context: FitContext): Promise<CodelengthResult> {
  const { regression, data, seed } = context;
  const { features, labels } = data.train;
  const order = drawPermutation(labels.length, { seed, purpose: DrawPurpose.permutation, index });
  const { bits, blocks, perExample, converged } = await onlineCodelength(regression, {
    features,
    labels,
    classes: data.classes.length,
    order,
    power: data.power,
  });
  const millibits = Array.from(perExample, (value) => Math.round(1000 * value));
  return { kind: "codelength", index, bits, blocks, millibits, converged };
}

function problemOf({ train, classes, power }: ProbeData, l2: number) {
  return { features: train.features, classes: classes.length, l2, scale: boundScale(power, l2) };
}
