/**
 * Features turned to their principal axes: X′ = X Qᵀ, the rows of Q being eigenvectors of XᵀX/n.
 *
 * A rotation leaves logistic regression with an L2 penalty as it is (W′ = W Qᵀ has the norm of W), but makes its
 * curvature nearly diagonal: the Hessian is at most ½ diag(s) + λ (Böhning, "Multinomial logistic regression algorithm",
 * 1992), with s the eigenvalues. Scaled by its inverse root, features of language models, whose s range over six
 * decades, need ten times fewer steps at weak penalties. One rotation serves all penalties, labels and subsets.
 */
import { Builder } from "../onnx/build.ts";
import { attribute } from "../onnx/graph.ts";
import { DataType } from "../onnx/weights.ts";
import { writeModel } from "../onnx/write.ts";
import type { Runtime } from "../runtime.ts";
import { symmetricEigenSteps, type Eigen } from "./logistic-eigen.ts";
import type { Matrix } from "./logistic-input.ts";

export interface RotatedFeatures {
  readonly train: Matrix;
  readonly others: readonly Matrix[];
  /** [columns]: s_j = mean x_j² of the training examples. */
  readonly power: Float64Array;
}

/** Beyond it an eigendecomposition takes longer than the steps it saves. */
const MAX_ROTATED = 512;
/** Floats of one run. */
const MAX_FLOATS = 4_000_000;

/** More than 512 features are left on the axes they have. */
export async function toPrincipalAxes(
  runtime: Runtime,
  train: Matrix,
  others: readonly Matrix[],
): Promise<RotatedFeatures> {
  const d = train.columns;
  if (d > MAX_ROTATED) return { train, others, power: columnPower(train) };
  const { values, vectors } = await eigenOf(runtime, await secondMoments(runtime, train), d);
  const axes: Matrix = { rows: d, columns: d, data: Float32Array.from(vectors) };
  const [rotatedTrain, ...rotatedOthers] = await multiply(runtime, [train, ...others], axes);
  return { train: rotatedTrain!, others: rotatedOthers, power: values.map((s) => Math.max(s, 0)) };
}

async function eigenOf(runtime: Runtime, moments: Float64Array, d: number): Promise<Eigen> {
  const steps = symmetricEigenSteps(moments, d);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await runtime.pause?.();
  }
}

/** The inverse root of Böhning's bound, for the optimiser's variables: 1/√(s_j/2 + λ). */
export function boundScale(power: Float64Array, l2: number): Float64Array {
  return power.map((s) => 1 / Math.sqrt(s / 2 + l2));
}

function columnPower({ rows, columns, data }: Matrix): Float64Array {
  const power = new Float64Array(columns);
  data.forEach((x, at) => (power[at % columns]! += (x * x) / rows));
  return power;
}

/** XᵀX/n, [d · d]. */
async function secondMoments(runtime: Runtime, matrix: Matrix): Promise<Float64Array> {
  const d = matrix.columns;
  const sum = new Float64Array(d * d);
  await eachProduct(
    runtime,
    "transA",
    matrix,
    (rows) => rows,
    (product) => {
      product.forEach((value, k) => (sum[k]! += value / matrix.rows));
    },
  );
  return symmetric(sum, d);
}

/** X Qᵀ of each. */
async function multiply(runtime: Runtime, matrices: readonly Matrix[], axes: Matrix): Promise<Matrix[]> {
  const products: Matrix[] = [];
  for (const matrix of matrices) {
    const out = new Float32Array(matrix.data.length);
    await eachProduct(
      runtime,
      "transB",
      matrix,
      () => axes,
      (product, from) => {
        out.set(product, from * matrix.columns);
      },
    );
    products.push({ ...matrix, data: out });
  }
  return products;
}

/** The product of each block of rows with another matrix, one of them transposed. */
async function eachProduct(
  runtime: Runtime,
  transposed: "transA" | "transB",
  matrix: Matrix,
  other: (rows: Matrix) => Matrix,
  use: (product: Float32Array, from: number) => void,
): Promise<void> {
  const session = await runtime.createSession(productModel(transposed));
  try {
    const size = Math.max(1, Math.floor(MAX_FLOATS / matrix.columns));
    for (let from = 0; from < matrix.rows; from += size) {
      const rows = Math.min(size, matrix.rows - from);
      const data = matrix.data.subarray(from * matrix.columns, (from + rows) * matrix.columns);
      const block: Matrix = { rows, columns: matrix.columns, data };
      const { product } = await session.run({ a: tensor(block), b: tensor(other(block)) });
      use(product!.data as Float32Array, from);
    }
  } finally {
    await session.dispose();
  }
}

const tensor = ({ rows, columns, data }: Matrix) => ({
  type: "float32" as const,
  dims: [rows, columns],
  data,
});

function productModel(transposed: "transA" | "transB") {
  const graph = {
    opset: 17,
    irVersion: 8,
    producer: "plateau",
    inputs: ["a", "b"].map((name) => ({ name, elementType: DataType.FLOAT, dims: [null, null] })),
    outputs: ["product"],
    nodes: [],
    initializers: new Map(),
    sources: new Map(),
  };
  const builder = new Builder(graph, "axes:");
  builder.op("Gemm", ["a", "b"], [attribute(transposed, 1)], "product");
  return writeModel({ ...graph, nodes: builder.nodes });
}

/** Rounding may differ across the diagonal. */
function symmetric(matrix: Float64Array, d: number): Float64Array {
  return matrix.map((value, k) => (value + matrix[(k % d) * d + Math.floor(k / d)]!) / 2);
}
