/** Slice of a table whose rows are positions, added to the activations: what `self.positions[:, :length]` exports to. */
import { constantInts } from "../../onnx/constant-ints.ts";
import { copyNode } from "../../onnx/graph.ts";
import { Obstacle } from "../context.ts";
import { Side } from "../directions.ts";
import { downstream } from "./downstream.ts";
import type { Operator } from "./operator.ts";

export const slice: Operator = {
  matches: ({ node, operand }) => node.opType === "Slice" && operand === 0,

  anchors: (use, { graph, index }) => downstream(graph, index, use).map((value) => ({ value, whole: false })),

  plan(use, parameter, context) {
    const { node } = use;
    const { builder, family, graph, index } = context;
    const { dims, count } = parameter;
    if (use.transposed) return new Obstacle(use, "reads the parameter transposed");
    const axes = node.input[3] ? constantInts(graph, node.input[3]) : null;
    // The signs get the examples as a last axis, so axes counted from the front keep their meaning.
    if (!axes || axes.some((axis) => axis < 0))
      return new Obstacle(use, "slices along axes counted from the end");
    const meeting = downstream(graph, index, use).find((value) => context.layout(value)?.kind === "batched");
    const target = meeting === undefined ? null : context.layout(meeting);
    if (!meeting || target?.kind !== "batched" || target.rank !== 3 || target.axis > 1) {
      return new Obstacle(use, "does not see the examples of a batch apart");
    }
    const width = dims[dims.length - 1]!;
    if (width * dims[dims.length - 2]! !== count) return new Obstacle(use, "slices more than one table");
    const apply = () => {
      const columns = builder.transpose(context.signs(parameter, Side.rows, count, use), [1, 0]);
      const last = builder.fresh("Slice");
      const table = builder.reshape(columns, [...dims, -1]);
      builder.nodes.push(
        copyNode(node, { input: [table, ...node.input.slice(1)], output: [last], name: last }),
      );
      const first = builder.transpose(last, [dims.length, ...dims.keys()]);
      const signs = builder.reshape(first, [0, -1, width]);
      const found = builder.reshape(node.output[0]!, [1, -1, width]);
      const term = family.elementwise(context, found, signs);
      const { raw, output } = context.takeOutput(index.producers.get(meeting)!);
      builder.op("Add", [raw, target.axis === 0 ? term : builder.transpose(term, [1, 0, 2])], [], output);
    };
    return { structure: "full", apply };
  },
};
