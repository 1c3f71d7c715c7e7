/** Constants that are added to or multiplied with activations: biases, norm scales, position tables added whole. */
import { copyNode } from "../../onnx/graph.ts";
import { DataType } from "../../onnx/weights.ts";
import { INPUT, Obstacle } from "../context.ts";
import { Side } from "../directions.ts";
import type { Operator } from "./operator.ts";

const OPERATORS = new Set(["Add", "Sub", "Mul", "Div", "PRelu"]);

export const elementwise: Operator = {
  matches: ({ node }) => OPERATORS.has(node.opType),

  anchors: ({ node }) => [{ value: node.output[0]!, whole: false }],

  plan(use, parameter, context) {
    const { node, operand } = use;
    const { builder, family } = context;
    const { dims, count } = parameter;
    const layout = context.layout(node.output[0]!);
    if (!layout || layout.kind === "unbatched")
      return new Obstacle(use, "does not see the examples of a batch apart");
    if (use.transposed) return new Obstacle(use, "reads the parameter transposed");

    /** The constant plus its perturbation, shaped for a batched value. */
    const perturbed = (axis: number, rank: number): string => {
      const aligned = [...Array<number>(rank - dims.length).fill(1), ...dims];
      aligned[axis] = -1;
      const signs = context.view(context.signs(parameter, Side.rows, count, use), aligned);
      return builder.op("Add", [use.value, family.elementwise(context, use.value, signs)]);
    };

    if (layout.kind === "batched") {
      const onBatchAxis = dims[dims.length - (layout.rank - layout.axis)];
      if (dims.length > layout.rank || (onBatchAxis !== undefined && onBatchAxis !== 1)) {
        return new Obstacle(use, "gives examples entries of their own");
      }
      const apply = () => {
        const moved = perturbed(layout.axis, layout.rank);
        node.input[operand] = moved;
        const isRowVector = layout.rank === 3 && layout.axis === 0 && dims[dims.length - 1] === count;
        if (isRowVector && use.elementType === DataType.FLOAT) context.rowVectors.add(moved);
      };
      return { structure: "full", apply };
    }

    if (dims[dims.length - 1] !== count || dims.length > 2)
      return new Obstacle(use, "reads more than a vector");
    if (layout.kind === "labelled") {
      const apply = () => {
        const vectors = context.view(perturbed(0, 2), [-1, count]);
        node.input[operand] = builder.gather(vectors, INPUT.rowExample, 0);
      };
      return { structure: "full", apply };
    }
    const apply = () => {
      // The node keeps its unperturbed result, which nobody reads any more; pruning drops it.
      const { output } = context.takeOutput(node);
      const again = (apart: string, { axis, rank }: { axis: number; rank: number }) => {
        const inputs = operand === 0 ? [perturbed(axis, rank), apart] : [apart, perturbed(axis, rank)];
        const inner = builder.fresh(node.opType);
        builder.nodes.push(copyNode(node, { input: inputs, output: [inner], name: inner }));
        return inner;
      };
      context.unflattened(node.input[1 - operand]!, count, count, layout, again, output);
    };
    return { structure: "full", apply };
  },
};
