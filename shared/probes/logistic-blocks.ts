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
    const chosen = new BigInt64Array(n);
    for (let i = 0; i < n; i++) chosen[i] = BigInt(labels[from + i]!);
    blocks.push({
      from,
      feeds: {
        [INPUT.features]: { type: "float32", dims: [n, columns], data: features },
        [INPUT.labels]: { type: "int64", dims: [n], data: chosen },
        ...(counts && gradientFeeds(chosen, counts.subarray(from, from + n), classes, total)),
      },
    });
  }
  return blocks;
}

function gradientFeeds(labels: BigInt64Array, counts: Float64Array, classes: number, total: number): Feeds {
  const n = labels.length;
  const shares = new Float32Array(n);
  const targets = new Float32Array(n * classes);
  for (let i = 0; i < n; i++) {
    shares[i] = counts[i]! / total;
    targets[i * classes + Number(labels[i]!)] = shares[i]!;
  }
  return {
    [INPUT.shares]: { type: "float32", dims: [n, 1], data: shares },
    [INPUT.targets]: { type: "float32", dims: [n, classes], data: targets },
  };
}

/** Weights as feeds, in memory that is used again: a feed is good until the next one. */
export class WeightFeeds {
  private readonly weights: Float32Array;
  private readonly bias: Float32Array;
  private readonly feeds: Feeds;

  constructor(classes: number, columns: number) {
    this.weights = new Float32Array(classes * columns);
    this.bias = new Float32Array(classes);
    this.feeds = {
      [INPUT.weights]: { type: "float32", dims: [classes, columns], data: this.weights },
      [INPUT.bias]: { type: "float32", dims: [1, classes], data: this.bias },
    };
  }

  of({ weights, bias }: LogisticWeights): Feeds {
    this.weights.set(weights);
    this.bias.set(bias);
    return this.feeds;
  }
}
