/**
 * Multinomial logistic regression with an L2 penalty, to convergence.
 *
 *     f(W, b) = Σ_i c_i · (−log softmax(W x_i + b)_{y_i}) / Σ_i c_i + (λ/2) (‖W‖² [+ ‖b‖²])
 *
 * with counts c_i, 1 unless given. scikit-learn's `LogisticRegression(C)` has the same minimum at λ = 1 / (C Σ_i c_i),
 * b unpenalised. (For two classes scikit-learn fits one logit, which is this at λ = 2 / (C Σ_i c_i): the softmax here
 * keeps a weight vector for each class.) The products run in ONNX Runtime in single precision; sums over examples and
 * the optimiser's state are in double precision.
 */
import type { Runtime, Session } from "../runtime.ts";
import type { Evaluation } from "./lbfgs-line-search.ts";
import { minimise, type Minimum } from "./lbfgs.ts";
import { INPUT, lossGraph, OUTPUT, predictionGraph } from "./logistic-graph.ts";
import { absentClasses, checkProblem, exampleCounts } from "./logistic-checks.ts";
import {
  checkLabels,
  checkMatrix,
  type LogisticProblem,
  type LogisticWeights,
  type Matrix,
} from "./logistic-input.ts";
import { prepareBlocks, WeightFeeds, type Block } from "./logistic-blocks.ts";

export interface LogisticFit extends LogisticWeights, Omit<Minimum, "point"> {}

export interface Predictions {
  /** [rows]: −log p(label), nats; Infinity for a class that was left out. */
  readonly loss: Float64Array;
  /** [rows]: the most probable class, the first of equals. */
  readonly classes: Int32Array;
}

/** Relative error of a mean loss computed in single precision. */
const VALUE_NOISE = 1e-7;
/** With it f was within 1e-5 of its minimum at λ = 10⁻⁵, and closer at stronger penalties. */
const GRADIENT_TOLERANCE = 3e-5;

/** Two sessions that serve every fit and every data set. */
export class LogisticRegression {
  private readonly losses: Session;
  private readonly predictions: Session;

  private constructor(losses: Session, predictions: Session) {
    this.losses = losses;
    this.predictions = predictions;
  }

  /** Free it by `dispose`. */
  static async create(runtime: Runtime): Promise<LogisticRegression> {
    const losses = await runtime.createSession(lossGraph());
    return new LogisticRegression(losses, await runtime.createSession(predictionGraph()));
  }

  async dispose(): Promise<void> {
    await this.losses.dispose();
    await this.predictions.dispose();
  }

  /** The minimum of f. Throws `ProbeDataError` where the problem is none. */
  async fit(problem: LogisticProblem): Promise<LogisticFit> {
    checkProblem(problem);
    const { features, labels, classes, start } = problem;
    const scale = problem.scale ?? new Float64Array(features.columns).fill(1);
    const counts = exampleCounts(problem);
    const blocks = prepareBlocks(features, labels, classes, counts);
    const absent = problem.penaliseIntercept ? [] : absentClasses(labels, counts, classes);

    // A point is [W / scale, b].
    const size = classes * features.columns;
    const weightsAt = (
      point: Float64Array,
      into = blankWeights(classes, features.columns),
    ): LogisticWeights => {
      into.weights.set(point.subarray(0, size));
      multiplyColumns(into.weights, scale);
      into.bias.set(point.subarray(size));
      for (const c of absent) into.bias[c] = -Infinity;
      return into;
    };
    // Thousands of points are tried; their memory would keep the garbage collector busy.
    const trial = blankWeights(classes, features.columns);
    const feeds = new WeightFeeds(classes, features.columns);
    const origin = new Float64Array(size + classes);
    if (start) {
      start.weights.forEach((weight, i) => (origin[i] = weight / scale[i % scale.length]!));
      start.bias.forEach((b, c) => (origin[size + c] = Number.isFinite(b) ? b : 0));
    }
    const { point, ...rest } = await minimise(
      async (point) => {
        const evaluation = await this.evaluateBlocks(problem, weightsAt(point, trial), blocks, feeds);
        multiplyColumns(evaluation.gradient.subarray(0, size), scale);
        return evaluation;
      },
      origin,
      {
        valueNoise: VALUE_NOISE,
        gradientTolerance: problem.gradientTolerance ?? GRADIENT_TOLERANCE,
        ...(problem.maxIterations !== undefined && { maxIterations: problem.maxIterations }),
      },
    );
    return { ...rest, ...weightsAt(point) };
  }

  /** Losses and most probable classes of any examples. Throws `ProbeDataError` on labels out of range. */
  async predict(fit: LogisticWeights, features: Matrix, labels: ArrayLike<number>): Promise<Predictions> {
    const classes = fit.bias.length;
    checkMatrix(features);
    checkLabels(labels, classes, features.rows);
    const loss = new Float64Array(features.rows);
    const predicted = new Int32Array(features.rows);
    const own = new WeightFeeds(classes, features.columns).of(fit);
    for (const { from, feeds } of prepareBlocks(features, labels, classes)) {
      const out = await this.predictions.run({ ...feeds, ...own });
      loss.set(out[OUTPUT.loss]!.data as Float32Array, from);
      const chosen = out[OUTPUT.predicted]!.data as BigInt64Array;
      for (let i = 0; i < chosen.length; i++) predicted[from + i] = Number(chosen[i]!);
    }
    return { loss, classes: predicted };
  }

  /** f at any weights, and its gradient with respect to [W, b]. Throws `ProbeDataError` where the problem is none. */
  async evaluate(problem: LogisticProblem, at: LogisticWeights): Promise<Evaluation> {
    checkProblem(problem);
    const { features, labels, classes } = problem;
    const blocks = prepareBlocks(features, labels, classes, exampleCounts(problem));
    return this.evaluateBlocks(problem, at, blocks);
  }

  private async evaluateBlocks(
    { l2, penaliseIntercept }: LogisticProblem,
    at: LogisticWeights,
    blocks: readonly Block[],
    weightFeeds = new WeightFeeds(at.bias.length, at.weights.length / at.bias.length),
  ): Promise<Evaluation> {
    const { weights, bias } = at;
    const own = weightFeeds.of(at);
    const gradient = new Float64Array(weights.length + bias.length);
    let value = 0;
    for (const { feeds } of blocks) {
      const out = await this.losses.run({ ...feeds, ...own });
      const shares = feeds[INPUT.shares]!.data as Float32Array;
      const loss = out[OUTPUT.loss]!.data as Float32Array;
      // The loss of an example that does not count may be infinite.
      for (let i = 0; i < loss.length; i++) if (shares[i]! > 0) value += shares[i]! * loss[i]!;
      addTo(gradient, 0, out[OUTPUT.weightGradient]!.data as Float32Array);
      addTo(gradient, weights.length, out[OUTPUT.biasGradient]!.data as Float32Array);
    }
    value += addPenalty(gradient, weights, l2, 0);
    if (penaliseIntercept) value += addPenalty(gradient, bias, l2, weights.length);
    return { value, gradient };
  }
}

const blankWeights = (classes: number, columns: number) => ({
  weights: new Float64Array(classes * columns),
  bias: new Float64Array(classes),
});

/** (λ/2)‖w‖²; its gradient is added to `gradient` from `offset` on. */
function addPenalty(gradient: Float64Array, w: Float64Array, l2: number, offset: number): number {
  let squares = 0;
  for (let i = 0; i < w.length; i++) {
    squares += w[i]! ** 2;
    gradient[offset + i]! += l2 * w[i]!;
  }
  return (l2 / 2) * squares;
}

function multiplyColumns(values: Float64Array, scale: Float64Array): void {
  for (let from = 0; from < values.length; from += scale.length) {
    for (let j = 0; j < scale.length; j++) values[from + j]! *= scale[j]!;
  }
}

function addTo(target: Float64Array, offset: number, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) target[offset + i]! += values[i]!;
}
