/** D = all ones: the weight moves along a bᵀ, so the extra term is (x·b) aᵀ and costs two thin products. */
import type { RewriteContext } from "../context.ts";
import type { Family, LinearSite } from "./family.ts";

export const rankOne: Family = {
  id: "rank-one",

  linear(context: RewriteContext, site: LinearSite): string {
    const { builder } = context;
    const { x, layout, inputWidth, outputWidth } = site;
    if (layout.kind === "batched" && layout.axis === 0 && layout.rank >= 3) {
      const ones = Array<number>(layout.rank - 3).fill(1);
      const b = context.view(site.inputSigns, [-1, ...ones, inputWidth, 1]);
      const a = context.view(site.outputSigns, [-1, ...ones, 1, outputWidth]);
      return builder.op("MatMul", [builder.op("MatMul", [x, b]), a]);
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
};
