/**
 * D = W: every weight moves in proportion to itself, θ_ij a_i b_j. The traces of this family do not change when a
 * network is rescaled without changing its function.
 */
import type { RewriteContext } from "../context.ts";
import type { Family, LinearSite } from "./family.ts";

export const scaled: Family = {
  id: "scaled",

  linear(context: RewriteContext, site: LinearSite): string {
    const { builder } = context;
    const { x, layout, inputWidth, outputWidth } = site;
    const signed = builder.op("Mul", [x, context.align(site.inputSigns, inputWidth, layout)]);
    return builder.op("Mul", [site.apply(signed), context.align(site.outputSigns, outputWidth, layout)]);
  },

  elementwise(context: RewriteContext, constant: string, signs: string): string {
    return context.builder.op("Mul", [constant, signs]);
  },

  lookup(context: RewriteContext, rows: string, rowSigns: string, columnSigns: string): string {
    const { builder } = context;
    return builder.op("Mul", [rows, builder.op("Mul", [rowSigns, columnSigns])]);
  },
  squares({ builder }: RewriteContext, constant: string): string {
    return builder.op("Mul", [constant, constant]);
  },
};
