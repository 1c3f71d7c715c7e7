/** Logistic regression to convergence at the size that the largest suites have: 10,000 × 512 features, 50 classes. */
import { boundScale, toPrincipalAxes } from "../../shared/probes/logistic-axes.ts";
import type { Matrix } from "../../shared/probes/logistic-input.ts";
import { LogisticRegression } from "../../shared/probes/logistic.ts";
import { standardise } from "../../shared/probes/standardise.ts";
import type { Runtime } from "../../shared/runtime.ts";
import { normalSource, randomSource } from "../support/random.ts";

const ROWS = 10_000;
const COLUMNS = 512;
const CLASSES = 50;
const PENALTIES = [1e-1, 1e-3, 1e-5];

export const LOGISTIC_HEADS = [
  "runtime",
  "λ",
  "axes, s",
  "fit, s",
  "steps",
  "gradient",
  "plain fit, s",
  "plain steps",
];

/** A row for each penalty: on principal axes, and (`plain`) on the features as they are, both from zero. */
export async function logisticFits(
  name: string,
  runtime: Runtime,
  { plain }: { readonly plain: boolean },
): Promise<(string | number)[][]> {
  const { features, labels } = correlatedData();
  const regression = await LogisticRegression.create(runtime);
  const seconds = async <T>(work: () => Promise<T>): Promise<readonly [T, number]> => {
    const start = performance.now();
    return [await work(), (performance.now() - start) / 1000];
  };
  const { train } = standardise("the benchmark", features, []);
  const [axes, axesTime] = await seconds(() => toPrincipalAxes(runtime, train, []));
  const rows: (string | number)[][] = [];
  for (const l2 of PENALTIES) {
    const problem = { labels, classes: CLASSES, l2 };
    const scale = boundScale(axes.power, l2);
    const [fit, fitTime] = await seconds(() => regression.fit({ ...problem, features: axes.train, scale }));
    const [direct, directTime] = plain
      ? await seconds(() => regression.fit({ ...problem, features: train }))
      : [null, NaN];
    const steps = (done: { iterations: number; converged: boolean } | null) =>
      done ? `${done.iterations}${done.converged ? "" : " (not converged)"}` : "–";
    rows.push([
      name,
      l2.toExponential(),
      axesTime,
      fitTime,
      steps(fit),
      fit.gradientNorm.toExponential(1),
      directTime,
      steps(direct),
    ]);
  }
  await regression.dispose();
  return rows;
}

/** Neighbouring features correlate by 0.98, so that their variances along principal axes span four decades. */
function correlatedData(): { features: Matrix; labels: Int32Array } {
  const [normal, random] = [normalSource(1), randomSource(2)];
  const data = new Float32Array(ROWS * COLUMNS);
  for (let i = 0; i < ROWS; i++) {
    for (let j = 0; j < COLUMNS; j++) {
      data[i * COLUMNS + j] = (j > 0 ? 0.98 * data[i * COLUMNS + j - 1]! : 0) + 0.2 * normal();
    }
  }
  const weights = Float32Array.from({ length: CLASSES * COLUMNS }, () => 0.3 * normal());
  const labels = Int32Array.from({ length: ROWS }, (_, i) => {
    let [best, label] = [-Infinity, 0];
    for (let c = 0; c < CLASSES; c++) {
      // Gumbel noise makes the label a draw from the softmax.
      let score = -Math.log(-Math.log(1 - random()));
      for (let j = 0; j < COLUMNS; j++) score += weights[c * COLUMNS + j]! * data[i * COLUMNS + j]!;
      if (score > best) [best, label] = [score, c];
    }
    return label;
  });
  return { features: { rows: ROWS, columns: COLUMNS, data }, labels };
}
