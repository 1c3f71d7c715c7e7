/** Gather (of plain or packed rows) along axis 0: embedding tables. The perturbation of looked-up row w is a[w] bᵀ. */
import { attribute, intAttribute, type Graph, type GraphIndex } from "../../onnx/graph.ts";
import { Obstacle } from "../context.ts";
import { Side } from "../directions.ts";
import { downstream } from "./downstream.ts";
import type { Operator } from "./operator.ts";

/** Above this many rows, signs are fed for the tokens that occur instead of for the whole table. */
const LARGE_TABLE = 1024;
export const gather: Operator = {
  matches: ({ node, operand }) =>
    operand === 0 &&
    ((node.opType === "Gather" && intAttribute(node, "axis", 0) === 0) ||
      (node.opType === "GatherBlockQuantized" && intAttribute(node, "gather_axis", 0) === 0)),

  anchors: (use, { graph, index }) => [
    { value: use.node.input[1]!, whole: true },
    ...downstream(graph, index, use).map((value) => ({ value, whole: false })),
  ],

  plan(use, parameter, context) {
    const { node } = use;
    const { builder, family, graph, index } = context;
    if (parameter.dims.length !== 2)
      return new Obstacle(use, `looks up rows of a tensor of ${parameter.dims.length} axes`);
    if (use.transposed) return new Obstacle(use, "looks up columns");
    const [rows, width] = parameter.dims as [number, number];
    const ids = node.input[1]!;
    const layout = context.layout(ids);

    if (layout?.kind === "unbatched") {
      // Positions are the same for all examples: the perturbation joins where the rows meet the examples.
      const count = layout.dims.reduce((product, dim) => product * dim, 1);
      const meeting = downstream(graph, index, use).find(
        (value) => context.layout(value)?.kind === "batched",
      );
      const target = meeting === undefined ? null : context.layout(meeting);
      if (!meeting || target?.kind !== "batched" || target.rank !== 3 || target.axis > 1) {
        return new Obstacle(use, "looks up rows for all examples at once");
      }
      if (count !== 1 && count !== target.dims[1 - target.axis]) {
        return new Obstacle(use, "looks up rows that are not one per position");
      }
      const apply = () => {
        const flatIds = builder.reshape(ids, [-1]);
        const a = builder.gather(context.signs(parameter, Side.rows, rows, use), flatIds, 1);
        const b = context.view(context.signs(parameter, Side.columns, width, use), [-1, 1, width]);
        const found = builder.reshape(node.output[0]!, [1, -1, width]);
        const term = family.lookup(context, found, builder.unsqueeze(a, 2), b);
        const { raw, output } = context.takeOutput(index.producers.get(meeting)!);
        builder.op("Add", [raw, target.axis === 0 ? term : builder.transpose(term, [1, 0, 2])], [], output);
      };
      return { structure: "outer", apply };
    }

    if (layout?.kind !== "batched" || layout.rank !== 2)
      return new Obstacle(use, "looks up rows in an unknown order");
    const { axis } = layout;
    const swapped = (value: string) => (axis === 0 ? value : builder.transpose(value, [1, 0]));
    const onlyTokens =
      rows > LARGE_TABLE &&
      parameter.uses.every(
        ({ node: reader }) => /^Gather/.test(reader.opType) && readsTokens(graph, index, reader.input[1]!),
      );
    const apply = () => {
      const a = onlyTokens
        ? context.tokenSigns(parameter, Side.rows, use)
        : builder.op(
            "GatherElements",
            [context.signs(parameter, Side.rows, rows, use), swapped(ids)],
            [attribute("axis", 1)],
          );
      const b = context.view(
        context.signs(parameter, Side.columns, width, use),
        axis === 0 ? [-1, 1, width] : [1, -1, width],
      );
      const { raw, output } = context.takeOutput(node);
      const term = family.lookup(context, raw, builder.unsqueeze(swapped(a), 2), b);
      builder.op("Add", [raw, term], [], output);
    };
    return { structure: "outer", apply };
  },
};

/** Whether these ids are the model's own token ids, row by row. */
function readsTokens(graph: Graph, index: GraphIndex, value: string): boolean {
  const producer = index.producers.get(value);
  if (producer)
    return /^(Cast|Reshape)$/.test(producer.opType) && readsTokens(graph, index, producer.input[0]!);
  return graph.inputs.some(
    ({ name }) => name === value && /^(input_ids|input|ids|tokens|input\.1)$/.test(name),
  );
}
