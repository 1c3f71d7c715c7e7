/**
 * The end of every rewritten graph: from logits of labelled tokens to per-token scalars.
 *
 * Rows come in `stack` groups of the same tokens (θ + εv, θ − εv and, in the pilot, θ). What leaves the runtime is the
 * loss of every token and, for two or three groups, Var_{c∼p}(z₊ − z₋) and Var_{c∼p}(z₊ + z₋ − 2z₀) of each token, with
 * p at the midpoint. Logits never leave it.
 */
import type { Builder } from "../onnx/build.ts";
import { attribute } from "../onnx/graph.ts";
import { DataType } from "../onnx/weights.ts";

export const OUTPUT = {
  /** float32 [stack · tokens]: −log p(target), nats. */
  loss: "plateau:loss",
  /** float32 [tokens]: Var_p(z₊ − z₋), or Var_p(z₊ − z₀) of forward differences. */
  first: "plateau:first-difference-variance",
  /** float32 [tokens]: Var_p(z₊ + z₋ − 2z₀). */
  second: "plateau:second-difference-variance",
} as const;

/**
 * @param logits [stack · tokens, vocabulary], any float type.
 * @param targets int64 [stack · tokens].
 * @returns names of the outputs to add to the graph.
 */
export function appendLoss(builder: Builder, logits: string, targets: string, stack: 1 | 2 | 3): string[] {
  const z = appendTokenLoss(builder, logits, targets);
  if (stack === 1) return [OUTPUT.loss];

  const vocabulary = builder.gather(builder.op("Shape", [z]), builder.ints([1]), 0);
  const grouped = builder.op("Reshape", [z, builder.concat([builder.ints([stack, -1]), vocabulary], 0)]);
  const [plus, minus, zero] = Array.from({ length: stack }, (_, i) =>
    builder.gather(grouped, builder.ints(i), 0),
  );
  const sum = builder.op("Add", [plus!, minus!]);
  const p = builder.op("Softmax", [builder.op("Mul", [sum, builder.float(0.5)])], [attribute("axis", 1)]);
  variance(builder, builder.op("Sub", [plus!, minus!]), p, OUTPUT.first);
  if (!zero) return [OUTPUT.loss, OUTPUT.first];

  variance(builder, builder.op("Sub", [sum, builder.op("Mul", [zero, builder.float(2)])]), p, OUTPUT.second);
  return [OUTPUT.loss, OUTPUT.first, OUTPUT.second];
}

/**
 * The same for forward differences: rows of θ + εv first, then rows of θ, each of which may serve several of the former.
 *
 * @param baseOf int64 [tokens at θ + εv]: for each, the row of `logits` that holds the same token at θ.
 * @returns outputs: the loss of every row, and Var_{c∼p}(z₊ − z₀) of each token at θ + εv with p at θ.
 */
export function appendForwardLoss(
  builder: Builder,
  logits: string,
  targets: string,
  baseOf: string,
): string[] {
  const z = appendTokenLoss(builder, logits, targets);
  const base = builder.gather(z, baseOf, 0);
  const plus = builder.op("Slice", [z, builder.ints([0]), builder.op("Shape", [baseOf]), builder.ints([0])]);
  const p = builder.op("Softmax", [base], [attribute("axis", 1)]);
  variance(builder, builder.op("Sub", [plus, base]), p, OUTPUT.first);
  return [OUTPUT.loss, OUTPUT.first];
}

/** Adds the loss of each row; returns the logits in single precision. */
function appendTokenLoss(builder: Builder, logits: string, targets: string): string {
  const z = builder.cast(logits, DataType.FLOAT);
  const logProbabilities = builder.op("LogSoftmax", [z], [attribute("axis", 1)]);
  const chosen = builder.op(
    "GatherElements",
    [logProbabilities, builder.unsqueeze(targets, 1)],
    [attribute("axis", 1)],
  );
  builder.op("Neg", [builder.reshape(chosen, [-1])], [], OUTPUT.loss);
  return z;
}

/** Σ_c p_c (δ_c − Σ_c p_c δ_c)²: centred before squaring, because a common shift of the logits can dwarf the rest. */
function variance(builder: Builder, delta: string, p: string, output: string): void {
  const mean = builder.reduceSum(builder.op("Mul", [p, delta]), 1, true);
  const centred = builder.op("Sub", [delta, mean]);
  const squares = builder.op("Mul", [p, builder.op("Mul", [centred, centred])]);
  builder.reduceSum(squares, 1, false, output);
}
