/** Adds outputs to a model: the pooled and projected features of all its hidden states. */
import { Builder } from "../onnx/build.ts";
import { cloneGraph, pruneAndSort, type Graph } from "../onnx/graph.ts";
import type { Pooling } from "../suites/task.ts";
import { addConstant } from "./constants.ts";
import { batchFirst, type StateLayout } from "./features-layout.ts";
import { addPoolingInputs, GraphPooling } from "./pooling.ts";
import { projectionMatrix } from "./projection.ts";
import { TaskError, type ForwardModel } from "./sentences.ts";

export interface FeatureGraphOptions {
  readonly pooling: Pooling;
  readonly dimensions: number;
  readonly seed: number;
  /** Positions of the longest sentence. */
  readonly positions: number;
}

/** Hidden states of one width, projected by the same matrix: output [states · batch, dimensions], state by state. */
export interface FeatureOutput {
  readonly output: string;
  /** Places among the hidden states. */
  readonly states: readonly number[];
}

/** A projection above this (the largest part of the graph) means that positions should be pooled. */
const MAX_PROJECTION_BYTES = 2 ** 29;

/** @throws TaskError where concatenated features would need an absurd projection. */
export function featureGraph(
  model: ForwardModel,
  layouts: readonly StateLayout[],
  { pooling, dimensions, seed, positions }: FeatureGraphOptions,
): { graph: Graph; outputs: FeatureOutput[] } {
  const sources = new Map(model.graph.sources);
  const graph = { ...cloneGraph(model.graph), sources };
  const builder = new Builder(graph, "features:");
  const inGraph = new GraphPooling(builder, pooling, positions);
  const places = layouts.map((layout, state) => ({ ...layout, state }));
  const outputs = [...Map.groupBy(places, ({ width }) => width)].map(([width, group]) => {
    const pooled = group.map((layout) => inGraph.pool(batchFirst(builder, layout, model.inputs.ids), width));
    const side = pooling.kind === "concatenated" ? positions : 1;
    if (side * width * dimensions * 4 > MAX_PROJECTION_BYTES) {
      throw new TaskError(
        `Features of ${side} positions side by side, ${width} channels each, are too many to project to ${dimensions}. ` +
          "Use their mean, or fewer dimensions.",
      );
    }
    const matrix = `plateau:projection/${width}`;
    const values = projectionMatrix({ seed, positions: side, width, dimensions });
    addConstant(graph, matrix, [side * width, dimensions], values);
    // One product for all layers: each product would keep a copy of the matrix of its own.
    const output = builder.op("MatMul", [builder.concat(pooled, 0), matrix]);
    return { output, states: group.map(({ state }) => state) };
  });
  addPoolingInputs(graph);
  graph.nodes.push(...builder.nodes);
  graph.outputs = outputs.map(({ output }) => output);
  pruneAndSort(graph);
  return { graph, outputs };
}
