/**
 * How far rounding lets two machines differ in what a measuring shard gives, from the rounding that the preparing shard
 * measured. σ² are variances of one machine's value; the difference of two has twice that.
 *
 * - Hessian: r = ℓ₊ + ℓ₋ − 2ℓ₀ has rounding σ_r, of which ℓ₀'s part (2/3 of the variance) is shared by an example's K
 *   directions: σ²(Σ_k h_k) = (σ_r/ε²)² (K/3 + 2K²/3).
 * - Fisher traces are Σ_t of squares of first differences δ, whose rounding has the variance b = v/12ε² a token. Squares
 *   then have the noise 2δη and the bias b: σ²(Σ_k f_k) ≤ 4b Σ_k f_k, bias K m b.
 * - Their squares, Σ_k h_k²: each moves by 2h_k times the rounding of h_k.
 */
import type { StepChoice, TraceName } from "../../perturb/step-size.ts";

export interface Noise {
  /** [value]: standard deviation of the difference between two machines. */
  readonly noise: readonly number[];
  /** By how much rounding may move the sum of the values to one side. */
  readonly bias: number;
}

/** Relative to the values: what single precision cannot keep of a sum in any case. */
const LEAST = 2e-4;
/** How much more of the bias another machine may have. */
const ROUGHER = 4;

export interface Drawn {
  readonly trace: TraceName;
  readonly step: StepChoice;
  /** [unit]: labelled tokens. */
  readonly tokens: readonly number[];
  /** [unit]: directions. */
  readonly directions: readonly number[];
  /** [unit]: examples. */
  readonly examples: readonly number[];
}

/** Of sums over directions. */
export function noiseOfSums(drawn: Drawn, sums: readonly number[]): Noise {
  const { trace, directions } = drawn;
  if (trace === "hessian") {
    const pair = hessianNoise(drawn);
    return noiseOf(sums, (i) => pair(i) * sharing(directions[i]!), 0);
  }
  const bias = biasOf(drawn);
  const own = (i: number) => 4 * bias(i) * Math.abs(sums[i]!) + (directions[i]! * bias(i)) ** 2;
  return noiseOf(sums, own, total(directions.map((drawn, i) => drawn * bias(i))));
}

/** Of sums of squares over directions. */
export function noiseOfSquares(drawn: Drawn, squares: readonly number[]): Noise {
  const { trace, directions } = drawn;
  if (trace === "hessian") {
    const pair = hessianNoise(drawn);
    const own = (i: number) =>
      4 * Math.abs(squares[i]!) * pair(i) * (1 / 3 + (2 / 3) * directions[i]!) +
      (directions[i]! * pair(i)) ** 2;
    return noiseOf(squares, own, total(directions.map((drawn, i) => drawn * pair(i))));
  }
  const bias = biasOf(drawn);
  const own = (i: number) => 16 * bias(i) * Math.abs(squares[i]!) ** 1.5 + directions[i]! * bias(i) ** 4;
  const shift = (i: number) =>
    2 * Math.sqrt(directions[i]! * Math.abs(squares[i]!)) * bias(i) + directions[i]! * bias(i) ** 2;
  return noiseOf(squares, own, total(directions.map((_, i) => shift(i))));
}

/** [unit]: variance of Σ h along one direction; rounding grows with what is added up. */
function hessianNoise({ step: { epsilon, rounding }, tokens, examples }: Drawn): (i: number) => number {
  const all = total(tokens) / Math.max(1, total(examples));
  const one = (rounding.loss / epsilon ** 2) ** 2;
  return (i) => one * examples[i]! * Math.max(1, tokens[i]! / (all * examples[i]!));
}

/** [unit]: what rounding adds to a sum of squares along one direction. */
function biasOf({ trace, step: { epsilon, rounding }, tokens }: Drawn): (i: number) => number {
  const token = (trace === "fisher" ? rounding.logits : rounding.tokenLoss) / (12 * epsilon ** 2);
  return (i) => token * tokens[i]!;
}

/** K directions share ℓ₀. */
const sharing = (directions: number) => directions / 3 + (2 * directions ** 2) / 3;

function noiseOf(values: readonly number[], variance: (i: number) => number, bias: number): Noise {
  const typical = Math.sqrt(total(values.map((value) => value ** 2)) / Math.max(1, values.length));
  return {
    noise: values.map((value, i) =>
      Math.sqrt(2 * variance(i) + (LEAST * value) ** 2 + (LEAST * typical) ** 2 + Number.MIN_VALUE),
    ),
    bias: ROUGHER * bias,
  };
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
