/** What a classifier is fitted to, and the checks that it can be. */
import { PlateauError } from "../errors.ts";

/** Row-major, `data.length` = rows · columns. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

export interface LogisticProblem {
  readonly features: Matrix;
  /** [rows], each from 0 to classes − 1. */
  readonly labels: ArrayLike<number>;
  readonly classes: number;
  /** λ, above 0. */
  readonly l2: number;
  /**
   * Whether b is penalised too. If not, a class that no counted example has is left out of the softmax: its b would
   * tend to −∞, and it gets probability 0. If so, every class keeps a positive probability, as a code needs.
   */
  readonly penaliseIntercept?: boolean;
  /** [rows]: how often each example counts, 0 to leave it out. */
  readonly counts?: ArrayLike<number>;
  /**
   * [columns]: the optimiser moves W_cj / scale_j. The minimum is the same; it takes fewer steps to reach where
   * scale_j² is near the inverse of the curvature along feature j. 1 each if absent.
   */
  readonly scale?: Float64Array;
  /** Where to start: zeros if absent. */
  readonly start?: LogisticWeights;
  /** Largest component of the gradient (in the scaled variables) that counts as converged. */
  readonly gradientTolerance?: number;
  readonly maxIterations?: number;
}

export interface LogisticWeights {
  /** [classes · columns], row-major. */
  readonly weights: Float64Array;
  /** [classes]; −∞ for a class that was left out. */
  readonly bias: Float64Array;
}

/** Features or labels that no probe can be fitted to. The message says where; change the task or the layer. */
export class ProbeDataError extends PlateauError {}

/** Throws `ProbeDataError` unless there are `rows` labels, whole numbers from 0 to classes − 1. */
export function checkLabels(labels: ArrayLike<number>, classes: number, rows: number): void {
  if (labels.length !== rows) {
    throw new ProbeDataError(`There are ${labels.length} labels for ${rows} examples; give one for each.`);
  }
  for (let i = 0; i < rows; i++) {
    const label = labels[i]!;
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new ProbeDataError(
        `Example ${i} has label ${label}, but the task has ${classes} classes, numbered from 0; correct the label.`,
      );
    }
  }
}

/** Throws `ProbeDataError` unless the matrix has as many values as it says. */
export function checkMatrix({ rows, columns, data }: Matrix): void {
  if (data.length !== rows * columns) {
    throw new ProbeDataError(
      `A matrix of ${rows} examples and ${columns} features holds ${data.length} values instead of ` +
        `${rows * columns}; check its shape.`,
    );
  }
}

/** Throws `ProbeDataError` unless there are two classes or more. */
export function checkClassCount(classes: number): void {
  if (!(Number.isInteger(classes) && classes >= 2)) {
    throw new ProbeDataError(`The task has ${classes} classes; a classifier needs at least 2.`);
  }
}

/** The same rows in the given order. */
export function takeRows({ columns, data }: Matrix, order: ArrayLike<number>): Matrix {
  const out = new Float32Array(order.length * columns);
  for (let i = 0; i < order.length; i++) {
    out.set(data.subarray(order[i]! * columns, (order[i]! + 1) * columns), i * columns);
  }
  return { rows: order.length, columns, data: out };
}

/** The first `rows` rows, without copying them. */
export function firstRows({ columns, data }: Matrix, rows: number): Matrix {
  return { rows, columns, data: data.subarray(0, rows * columns) };
}
