/** How the axes of hidden states relate to examples, positions and channels: found by running the model. */
import { isFromRuntime, isOutOfMemory } from "../evaluate/explain-failure.ts";
import { Builder } from "../onnx/build.ts";
import { UnsupportedModelError } from "../onnx/error.ts";
import { cloneGraph, pruneAndSort } from "../onnx/graph.ts";
import { inputFeeds } from "../onnx/inputs.ts";
import { DataType } from "../onnx/weights.ts";
import { writeModel } from "../onnx/write.ts";
import { inferLayout, PROBE_ROWS } from "../perturb/layout.ts";
import type { Runtime, Session } from "../runtime.ts";
import { exampleOf, knownTokens, type ForwardModel } from "./sentences.ts";

export interface StateLayout {
  readonly value: string;
  readonly width: number;
  /**
   * `batch-first` [N, T, d], `sequence-first` [T, N, d], or with the first two axes merged into one. `single`: one
   * example, its positions in order, whatever axes there are.
   */
  readonly order: "batch-first" | "sequence-first" | "flat-batch-first" | "flat-sequence-first" | "single";
}

/** Enough positions to tell them from examples. */
const SHORT = 8;

/**
 * Layouts of all hidden states, in their order.
 *
 * @param longest length of the longest sentence: what a graph with a length baked in may insist on.
 * @throws UnsupportedModelError where the model does not run, or a hidden state has other axes.
 */
export async function findStateLayouts(
  model: ForwardModel,
  runtime: Runtime,
  longest: number,
): Promise<StateLayout[]> {
  const graph = cloneGraph(model.graph);
  const builder = new Builder(graph, "layout:");
  const values = model.hiddenStates.map(({ value }) => ({
    value,
    shape: builder.op("Shape", [value]),
    sums: builder.reduceSum(builder.cast(value, DataType.FLOAT), -1, true),
  }));
  graph.nodes.push(...builder.nodes);
  graph.outputs = values.flatMap(({ shape, sums }) => [shape, sums]);
  pruneAndSort(graph);
  const known = knownTokens(model);
  const session = await runtime.createSession(writeModel(graph), { throwaway: true });
  const run = (rows: readonly number[], length: number) =>
    session.run(
      inputFeeds(
        graph,
        model.inputs,
        // Rows differ, so that their order can be told.
        rows.map((row) => exampleOf(Array.from({ length }, (_, t) => (row * length + t) % known))),
        length,
      ),
    );
  try {
    const length = await lengthThatRuns(model, run, longest);
    const three = model.oneByOne ? await run([0], length) : await run([0, 1, 2], length);
    const two = model.oneByOne ? three : await run([1, 2], length);
    return values.map(({ value, shape, sums }) => {
      const dims = [...three[shape]!.data].map(Number);
      const width = dims[dims.length - 1]!;
      const order = model.oneByOne
        ? singleOrder(dims, length)
        : orderOf(inferLayout(three[sums]!, two[sums]!), length);
      if (order) return { value, width, order };
      throw new UnsupportedModelError(
        `Hidden state '${value}' has shape [${dims.join(", ")}] for ${model.oneByOne ? 1 : PROBE_ROWS[0]} ` +
          `examples of ${length} tokens; expected [batch, sequence, width] in some order. Export the model without fusing it.`,
      );
    });
  } finally {
    await session.dispose();
  }
}

/** A model may have fewer positions than are wanted, or one length baked into it. */
async function lengthThatRuns(
  { inputs: { fixedLength } }: ForwardModel,
  run: (rows: readonly number[], length: number) => ReturnType<Session["run"]>,
  longest: number,
): Promise<number> {
  if (fixedLength !== null) return fixedLength;
  const short = Math.min(SHORT, longest);
  let failure: Error | undefined;
  for (const length of [short, longest, ...Array.from({ length: short - 1 }, (_, i) => short - 1 - i)]) {
    try {
      await run([0], length);
      return length;
    } catch (error) {
      if (!isFromRuntime(error) || isOutOfMemory(error)) throw error;
      failure ??= error;
    }
  }
  throw new UnsupportedModelError(
    `ONNX Runtime cannot run the model on ${short} tokens: ${failure?.message ?? ""}`,
  );
}

function orderOf(layout: ReturnType<typeof inferLayout>, length: number): StateLayout["order"] | null {
  if (layout?.kind === "flattened" && layout.dims.length === 2) {
    return layout.exampleMajor ? "flat-batch-first" : "flat-sequence-first";
  }
  if (layout?.kind !== "batched" || layout.rank !== 3) return null;
  if (layout.axis === 0 && layout.dims[1] === length) return "batch-first";
  if (layout.axis === 1 && layout.dims[0] === length) return "sequence-first";
  return null;
}

function singleOrder(dims: readonly number[], length: number): StateLayout["order"] | null {
  const rows = dims.slice(0, -1).reduce((product, dim) => product * dim, 1);
  return dims.length >= 2 && rows === length ? "single" : null;
}

/** The hidden state as float32 [batch, sequence, width]. */
export function batchFirst(builder: Builder, { value, width, order }: StateLayout, ids: string): string {
  const float = builder.cast(value, DataType.FLOAT);
  const apart = (swapped: boolean) => {
    const sizes = builder.op("Shape", [ids]);
    const axes = swapped ? builder.gather(sizes, builder.ints([1, 0]), 0) : sizes;
    return builder.op("Reshape", [float, builder.concat([axes, builder.ints([width])], 0)]);
  };
  switch (order) {
    case "batch-first":
      return float;
    case "sequence-first":
      return builder.transpose(float, [1, 0, 2]);
    case "flat-batch-first":
      return apart(false);
    case "flat-sequence-first":
      return builder.transpose(apart(true), [1, 0, 2]);
    case "single":
      return builder.reshape(float, [1, -1, width]);
  }
}
