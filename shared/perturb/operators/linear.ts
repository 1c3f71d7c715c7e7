/** MatMul, Gemm, FusedMatMul and MatMulNBits with a constant matrix as second operand. */
import { copyNode, floatAttribute, intAttribute } from "../../onnx/graph.ts";
import type { Use } from "../../onnx/uses.ts";
import { Obstacle } from "../context.ts";
import { Side } from "../directions.ts";
import type { Operator } from "./operator.ts";

const OPERATORS = new Set(["MatMul", "Gemm", "FusedMatMul", "MatMulNBits"]);

export const linear: Operator = {
  matches: ({ node, operand }) => operand === 1 && OPERATORS.has(node.opType),

  anchors: ({ node }) => [{ value: node.input[0]!, whole: false }],

  plan(use, parameter, context) {
    const { node } = use;
    const [rows, columns] = parameter.dims as [number, number];
    if (parameter.dims.length !== 2)
      return new Obstacle(use, `multiplies by a tensor of ${parameter.dims.length} axes`);
    if (intAttribute(node, "transA", 0) || floatAttribute(node, "alpha", 1) !== 1) {
      return new Obstacle(use, "transposes or scales its input");
    }
    const layout = context.layout(node.input[0]!);
    if (!layout || layout.kind === "unbatched")
      return new Obstacle(use, "does not see the examples of a batch apart");

    const flipped = readsColumns(use);
    const [inputSide, outputSide] = flipped ? [Side.columns, Side.rows] : [Side.rows, Side.columns];
    const [inputWidth, outputWidth] = flipped ? [columns, rows] : [rows, columns];
    const apply = () => {
      const inputSigns = context.signs(parameter, inputSide, inputWidth, use);
      const outputSigns = context.signs(parameter, outputSide, outputWidth, use);
      const product = (x: string) => {
        // A bias inside Gemm must not be added a second time.
        const inputs = node.opType === "Gemm" ? [x, node.input[1]!] : [x, ...node.input.slice(1)];
        const output = context.builder.fresh(node.opType);
        context.builder.nodes.push(copyNode(node, { input: inputs, output: [output], name: output }));
        return output;
      };
      const { raw, output } = context.takeOutput(node);
      const x = node.input[0]!;
      const site = { inputWidth, outputWidth, inputSigns, outputSigns, elementType: use.elementType };
      const term =
        layout.kind === "flattened"
          ? context.unflattened(x, inputWidth, outputWidth, layout, (apart, layout3) =>
              context.family.linear(context, {
                ...site,
                x: apart,
                layout: layout3,
                apply: threeAxes(product),
              }),
            )
          : context.family.linear(context, { ...site, x, layout, apply: product });
      context.builder.op("Add", [raw, term], [], output);
    };
    /** Gemm takes two axes only, so three are folded into two and back. */
    const threeAxes = (product: (x: string) => string) => (x: string) => {
      if (node.opType !== "Gemm") return product(x);
      const { builder } = context;
      const flat = product(builder.reshape(x, [-1, inputWidth]));
      const leading = builder.op("Slice", [builder.op("Shape", [x]), builder.ints([0]), builder.ints([2])]);
      return builder.op("Reshape", [flat, builder.concat([leading, builder.ints([outputWidth])], 0)]);
    };
    return { structure: "outer", apply };
  },
};

/** Whether the activations meet the parameter's columns (y = x Wᵀ) rather than its rows (y = x W). */
export function readsColumns({ node, transposed }: Use): boolean {
  const flipped = node.opType === "MatMulNBits" || intAttribute(node, "transB", 0) === 1;
  return flipped !== transposed;
}
