/**
 * Standardised features: x′_j = (x_j − mean_j) / sd_j, with mean and standard deviation (divisor n) of the training
 * examples alone. One L2 penalty then means the same for every feature and every model.
 */
import { checkMatrix, ProbeDataError, type Matrix } from "./logistic-input.ts";

export interface Standardised {
  readonly train: Matrix;
  /** The others, by the training examples' means and deviations. */
  readonly others: readonly Matrix[];
  /** Features left out because they are constant over the training examples: no weight of theirs can be learnt. */
  readonly dropped: number;
}

/** Single precision leaves constants such a spread, relative to their size. */
const CONSTANT = 1e-6;

/**
 * @param name how errors call the features, as in "layer 2".
 * @param others matrices of the same columns.
 * @throws ProbeDataError where a value is not finite, or every feature is constant.
 */
export function standardise(name: string, train: Matrix, others: readonly Matrix[]): Standardised {
  for (const matrix of [train, ...others]) checkFinite(name, matrix);
  if (train.rows === 0)
    throw new ProbeDataError(`There are no training examples for the features of ${name}.`);
  const { rows, columns, data } = train;
  const means = new Float64Array(columns);
  const squares = new Float64Array(columns);
  const sizes = new Float64Array(columns);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) {
      const x = data[at]!;
      means[j]! += x / rows;
      const size = Math.abs(x);
      if (size > sizes[j]!) sizes[j] = size;
    }
  }
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) {
      const centred = data[at]! - means[j]!;
      squares[j]! += (centred * centred) / rows;
    }
  }
  const deviations = squares.map(Math.sqrt);
  const kept = [...deviations.keys()].filter((j) => deviations[j]! > CONSTANT * sizes[j]!);
  if (kept.length === 0) {
    throw new ProbeDataError(
      `All ${columns} features of ${name} are constant over the ${rows} training examples, so no probe can be ` +
        "fitted to them; probe another layer or position.",
    );
  }

  const apply = (matrix: Matrix): Matrix => {
    const out = new Float32Array(matrix.rows * kept.length);
    for (let i = 0, at = 0; i < matrix.rows; i++) {
      for (const j of kept) out[at++] = (matrix.data[i * columns + j]! - means[j]!) / deviations[j]!;
    }
    return { rows: matrix.rows, columns: kept.length, data: out };
  };
  others.forEach((matrix) => {
    if (matrix.columns === columns) return;
    throw new ProbeDataError(
      `The features of ${name} have ${matrix.columns} columns where training had ${columns}; extract both alike.`,
    );
  });
  return { train: apply(train), others: others.map(apply), dropped: columns - kept.length };
}

function checkFinite(name: string, matrix: Matrix): void {
  checkMatrix(matrix);
  const at = matrix.data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const [example, feature] = [Math.floor(at / matrix.columns), at % matrix.columns];
  throw new ProbeDataError(
    `Feature ${feature} of example ${example} at ${name} is ${matrix.data[at]}; the model overflows there. ` +
      "Check its weights, or export it in a wider floating-point type.",
  );
}
