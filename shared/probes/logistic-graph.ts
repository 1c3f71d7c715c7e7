/**
 * The graphs that logistic regression runs in: the products X Wᵀ and Rᵀ X, the softmax and its losses.
 *
 * Features are an input, not a constant of the graph. The native runtime reads inputs where they lie, without a copy,
 * and as fast as constants; in WebAssembly the copy costs at most a fifth of a run. In return one session serves
 * every data set, every prefix of an online code and every resample. Weights are [classes, features] because W is then
 * the operand that ONNX Runtime packs, in both products the faster way round.
 */
import { Builder } from "../onnx/build.ts";
import { attribute, type Graph } from "../onnx/graph.ts";
import { DataType } from "../onnx/weights.ts";
import { writeModel } from "../onnx/write.ts";
import type { ModelBytes } from "../runtime.ts";

export const INPUT = {
  /** float32 [n, d]. */
  features: "features",
  /** float32 [C, d]. */
  weights: "weights",
  /** float32 [1, C]; −∞ takes a class out of the softmax. */
  bias: "bias",
  /** int64 [n]. */
  labels: "labels",
  /** float32 [n, 1]: the weight of each example in the gradients; they sum to 1. */
  shares: "shares",
  /** float32 [n, C]: the shares in the columns of the labels, elsewhere 0. Fed, because `OneHot` is slow. */
  targets: "targets",
} as const;

export const OUTPUT = {
  /** float32 [n]: −log p(label), nats. */
  loss: "loss",
  /** float32 [C, d]: Σ_i shares_i ∂loss_i/∂W. */
  weightGradient: "weight-gradient",
  /** float32 [C]. */
  biasGradient: "bias-gradient",
  /** int64 [n]: the most probable class, the lowest of equals. */
  predicted: "predicted",
} as const;

/** Losses of the examples, and the gradient of their sum weighted by `shares`. */
export function lossGraph(): ModelBytes {
  const { graph, builder, logProbabilities, loss } = start();
  graph.inputs.push(
    { name: INPUT.shares, elementType: DataType.FLOAT, dims: ["n", 1] },
    { name: INPUT.targets, elementType: DataType.FLOAT, dims: ["n", "c"] },
  );
  const expected = builder.op("Mul", [builder.op("Exp", [logProbabilities]), INPUT.shares]);
  const weighted = builder.op("Sub", [expected, INPUT.targets]);
  builder.op("Gemm", [weighted, INPUT.features], [attribute("transA", 1)], OUTPUT.weightGradient);
  builder.reduceSum(weighted, 0, false, OUTPUT.biasGradient);
  return finish(graph, builder, [loss, OUTPUT.weightGradient, OUTPUT.biasGradient]);
}

/** Losses of the examples and their most probable classes. */
export function predictionGraph(): ModelBytes {
  const { graph, builder, logProbabilities, loss } = start();
  const axis = [attribute("axis", 1), attribute("keepdims", 0)];
  builder.op("ArgMax", [logProbabilities], axis, OUTPUT.predicted);
  return finish(graph, builder, [loss, OUTPUT.predicted]);
}

function empty(): { graph: Graph; builder: Builder } {
  const graph: Graph = {
    opset: 17,
    irVersion: 8,
    producer: "plateau",
    inputs: [
      { name: INPUT.features, elementType: DataType.FLOAT, dims: ["n", "d"] },
      { name: INPUT.weights, elementType: DataType.FLOAT, dims: ["c", "d"] },
      { name: INPUT.bias, elementType: DataType.FLOAT, dims: [1, "c"] },
      { name: INPUT.labels, elementType: DataType.INT64, dims: ["n"] },
    ],
    outputs: [],
    nodes: [],
    initializers: new Map(),
    sources: new Map(),
  };
  return { graph, builder: new Builder(graph, "logistic:") };
}

function start() {
  const { graph, builder } = empty();
  const logits = builder.op("Gemm", [INPUT.features, INPUT.weights, INPUT.bias], [attribute("transB", 1)]);
  const logProbabilities = builder.op("LogSoftmax", [logits], [attribute("axis", 1)]);
  const chosen = builder.op(
    "GatherElements",
    [logProbabilities, builder.unsqueeze(INPUT.labels, 1)],
    [attribute("axis", 1)],
  );
  const loss = builder.op("Neg", [builder.reshape(chosen, [-1])], [], OUTPUT.loss);
  return { graph, builder, logProbabilities, loss };
}

function finish(graph: Graph, builder: Builder, outputs: string[]): ModelBytes {
  graph.nodes = builder.nodes;
  graph.outputs = outputs;
  return writeModel(graph);
}
