/** D = all ones: the weight moves along a bᵀ, so the extra term is (x·b) aᵀ and costs two thin products. */
import { attribute } from "../../onnx/graph.ts";
import { DataType } from "../../onnx/weights.ts";
import type { RewriteContext } from "../context.ts";
import type { Family, LinearSite } from "./family.ts";

export const rankOne: Family = {
  id: "rank-one",

  linear(context: RewriteContext, site: LinearSite): string {
    const { builder } = context;
    const { x, layout, inputWidth, outputWidth, elementType } = site;
    if (
      layout.kind === "batched" &&
      layout.axis === 0 &&
      layout.rank === 3 &&
      elementType === DataType.FLOAT
    ) {
      // b xᵀ, [batch, 1, positions], holds the same numbers as x b and is several times faster than a one-column product.
      const b = context.view(site.inputSigns, [-1, 1, inputWidth]);
      const a = context.view(site.outputSigns, [-1, 1, outputWidth]);
      const projected = builder.contrib("FusedMatMul", [b, x], [attribute("transB", 1)]);
      const projection = builder.transpose(projected, [0, 2, 1]);
      const term = builder.op("MatMul", [projection, a]);
      context.outerProducts.set(term, { projection, outputSigns: a });
      return term;
    }
    // Where examples are not the outermost axis, a batched product cannot pair each with its own signs.
    const projected = builder.reduceSum(
      builder.op("Mul", [x, context.align(site.inputSigns, inputWidth, layout)]),
      -1,
      true,
    );
    return builder.op("Mul", [projected, context.align(site.outputSigns, outputWidth, layout)]);
  },

  elementwise(_context: RewriteContext, _constant: string, signs: string): string {
    return signs;
  },

  lookup(context: RewriteContext, _rows: string, rowSigns: string, columnSigns: string): string {
    return context.builder.op("Mul", [rowSigns, columnSigns]);
  },
  squares(): null {
    return null;
  },
};
