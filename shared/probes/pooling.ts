/** From the features of every token to those of a sentence, inside the graph. */
import type { Builder } from "../onnx/build.ts";
import type { Graph } from "../onnx/graph.ts";
import { DataType } from "../onnx/weights.ts";
import type { Feeds } from "../runtime.ts";
import type { Pooling } from "../suites/task.ts";
import type { TokenIds } from "./sentences.ts";

/** Names of the inputs that pooling adds to a graph. */
const PRESENT = "plateau:present";
const SCALE = "plateau:scale";

/** Declares the inputs of `poolingFeeds`; those that the pooling does not read vanish when the graph is pruned. */
export function addPoolingInputs(graph: Graph): void {
  graph.inputs.push(
    { name: PRESENT, elementType: DataType.BOOL, dims: ["plateau:batch", "plateau:sequence"] },
    { name: SCALE, elementType: DataType.FLOAT, dims: ["plateau:batch", 1] },
  );
}

/** Which positions count, bool [batch, length], and what their sum is multiplied by, float32 [batch, 1]. */
export function poolingFeeds(pooling: Pooling, sentences: readonly TokenIds[], length: number): Feeds {
  const present = new Uint8Array(sentences.length * length);
  const scale = new Float32Array(sentences.length).fill(1);
  sentences.forEach((ids, row) => {
    if (pooling.kind === "position") present[row * length + pooling.position] = 1;
    else present.fill(1, row * length, row * length + ids.length);
    if (pooling.kind === "mean") scale[row] = 1 / ids.length;
  });
  return {
    [PRESENT]: { type: "bool", dims: [sentences.length, length], data: present },
    [SCALE]: { type: "float32", dims: [sentences.length, 1], data: scale },
  };
}

/** Pools values of one width; what they have in common is made once. */
export class GraphPooling {
  private readonly builder: Builder;
  private readonly pooling: Pooling;
  private readonly positions: number;
  private mask: string | null = null;

  /** @param positions room for positions side by side; no sentence is longer. */
  constructor(builder: Builder, pooling: Pooling, positions: number) {
    this.builder = builder;
    this.pooling = pooling;
    this.positions = positions;
  }

  /**
   * Pools `states`, float32 [batch, sequence, width].
   *
   * What is not present is replaced rather than multiplied by zero: nothing keeps a padded position finite.
   *
   * @returns [batch, positions · width] for concatenated features, [batch, width] for the others.
   */
  pool(states: string, width: number): string {
    const { builder } = this;
    this.mask ??= builder.unsqueeze(PRESENT, 2);
    const present = builder.op("Where", [this.mask, states, builder.float(0)]);
    if (this.pooling.kind !== "concatenated") {
      return builder.op("Mul", [builder.reduceSum(present, 1, false), SCALE]);
    }
    const flat = builder.reshape(present, [0, -1]);
    const columns = builder.gather(builder.op("Shape", [flat]), builder.ints([1]), 0);
    const missing = builder.op("Sub", [builder.ints([this.positions * width]), columns]);
    return builder.op("Pad", [flat, builder.concat([builder.ints([0, 0, 0]), missing], 0)]);
  }
}
