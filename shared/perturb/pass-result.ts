import type { Target } from "../corpus/corpus.ts";
import type { Tensor } from "../runtime.ts";
import type { ExactOutput } from "./exact-head.ts";
import { OUTPUT } from "./loss.ts";

/** Sums over the labelled tokens of each pair's example, in float64. */
export interface PassResult {
  /** [group][pair]: ℓ, nats. */
  readonly loss: readonly Float64Array[];
  /** Σ_t Var_p(z₊ − z₋); empty with one group. */
  readonly first: Float64Array;
  /** Σ_t Var_p(z₊ + z₋ − 2z₀); empty with fewer than three groups. */
  readonly second: Float64Array;
  /** Σ_t (ℓ_t₊ − ℓ_t₋)²; empty with one group. */
  readonly squaredDifference: Float64Array;
  /** [exact output][pair]: exact traces; empty where no group stands at θ. */
  readonly exact: readonly Float64Array[];
}

/**
 * Per-token outputs of a pass with `stack` groups, summed over the tokens of each pair.
 *
 * @param exact the outputs that hold exact traces of these tokens.
 */
export function sumByPair(
  outputs: Readonly<Record<string, Tensor>>,
  targets: readonly (readonly Target[])[],
  stack: number,
  exact: readonly ExactOutput[],
): PassResult {
  const tokens = targets.reduce((sum, list) => sum + list.length, 0);
  const loss = outputs[OUTPUT.loss]!.data as Float32Array;
  const perPair = (values: (token: number) => number) => {
    const sums = new Float64Array(targets.length);
    let token = 0;
    targets.forEach((list, pair) => {
      for (let t = 0; t < list.length; t++) sums[pair]! += values(token++);
    });
    return sums;
  };
  const variance = (name: string) => {
    const values = stack > 1 ? (outputs[name]?.data as Float32Array | undefined) : undefined;
    return values ? perPair((token) => values[token]!) : new Float64Array(0);
  };
  return {
    loss: Array.from({ length: stack }, (_, group) => perPair((token) => loss[group * tokens + token]!)),
    first: variance(OUTPUT.first),
    second: variance(OUTPUT.second),
    squaredDifference:
      stack > 1 ? perPair((token) => (loss[token]! - loss[tokens + token]!) ** 2) : new Float64Array(0),
    exact: exact.map(({ name }) => {
      const values = outputs[name]!.data as Float32Array;
      return perPair((token) => values[token]!);
    }),
  };
}

/** Forward differences, summed over the labelled tokens of each pair's example, in float64. */
export interface ForwardResult {
  /** [pair]: ℓ(θ), nats. */
  readonly base: Float64Array;
  /** [pair]: Σ_t Var_p(z₊ − z₀). */
  readonly first: Float64Array;
  /** [exact output][pair]: exact traces. */
  readonly exact: readonly Float64Array[];
}

/** @param baseOf for each pair, the place of its example among the rows at θ, which follow the pairs. */
export function sumForward(
  outputs: Readonly<Record<string, Tensor>>,
  targets: readonly (readonly Target[])[],
  baseOf: readonly number[],
  exact: readonly ExactOutput[],
): ForwardResult {
  const loss = outputs[OUTPUT.loss]!.data as Float32Array;
  const first = outputs[OUTPUT.first]!.data as Float32Array;
  const losses = new Float64Array(targets.length);
  const variances = new Float64Array(baseOf.length);
  let token = 0;
  targets.forEach((list, row) => {
    for (let t = 0; t < list.length; t++, token++) {
      losses[row]! += loss[token]!;
      if (row < baseOf.length) variances[row]! += first[token]!;
    }
  });
  const still = targets.slice(baseOf.length);
  const exactOf = ({ name }: ExactOutput) => {
    const values = outputs[name]!.data as Float32Array;
    let position = 0;
    return still.map((list) => list.reduce((sum) => sum + values[position++]!, 0));
  };
  return {
    base: Float64Array.from(baseOf, (row) => losses[baseOf.length + row]!),
    first: variances,
    exact: exact.map(exactOf).map((sums) => Float64Array.from(baseOf, (row) => sums[row]!)),
  };
}
