/** Examples cut into runs of bounded memory, as feeds of the graphs of logistic regression. */
import type { Feeds } from "../runtime.ts";
import { INPUT } from "./logistic-graph.ts";
import type { Matrix } from "./logistic-input.ts";
import type { LogisticWeights } from "./logistic-input.ts";

export interface Block {
  /** Index of the first example. */
  readonly from: number;
  /** All but the weights; the same tensors for every run. */
  readonly feeds: Feeds;
}

/** Floats of features and of (four matrices like) logits in one run: 16 MB, little even for an edge worker's heap. */
const MAX_FLOATS = 4_000_000;

/** With `counts`, each example's share in the total is fed too, as gradients need it. */
export function prepareBlocks(
  { rows, columns, data }: Matrix,
  labels: ArrayLike<number>,
  classes: number,
  counts?: Float64Array,
): Block[] {
  const size = Math.max(1, Math.floor(MAX_FLOATS / (columns + 4 * classes)));
  const total = counts?.reduce((sum, count) => sum + count, 0) ?? 1;
  const blocks: Block[] = [];
  for (let from = 0; from < rows; from += size) {
    const n = Math.min(size, rows - from);
    const features = data.subarray(from * columns, (from + n) * columns);
    const targets = BigInt64Array.from({ length: n }, (_, i) => BigInt(labels[from + i]!));
    blocks.push({
      from,
      feeds: {
        [INPUT.features]: { type: "float32", dims: [n, columns], data: features },
        [INPUT.labels]: { type: "int64", dims: [n], data: targets },
        ...(counts && {
          [INPUT.shares]: {
            type: "float32",
            dims: [n, 1],
            data: Float32Array.from({ length: n }, (_, i) => counts[from + i]! / total),
          },
        }),
      },
    });
  }
  return blocks;
}

export function weightFeeds({ weights, bias }: LogisticWeights): Feeds {
  const classes = bias.length;
  return {
    [INPUT.weights]: {
      type: "float32",
      dims: [classes, weights.length / classes],
      data: Float32Array.from(weights),
    },
    [INPUT.bias]: { type: "float32", dims: [1, classes], data: Float32Array.from(bias) },
  };
}
