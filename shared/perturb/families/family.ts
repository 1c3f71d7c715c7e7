/**
 * The choice of D in y = op_W(x) + ε a ⊙ op_D(x ⊙ b), with a and b of ±1 for each example.
 *
 * All ones: rank-one directions a bᵀ. W itself: relative changes. A fixed random tensor (Flipout, Wen et al. 2018) and a
 * given direction are further choices; each is a file beside this one.
 */
import type { Layout } from "../layout.ts";
import type { RewriteContext } from "../context.ts";

/** A product of activations with a constant matrix. */
export interface LinearSite {
  readonly x: string;
  readonly layout: Layout & { kind: "batched" | "labelled" };
  readonly inputWidth: number;
  readonly outputWidth: number;
  /** TensorProto.DataType of activations and signs. */
  readonly elementType: number;
  /** [batch, inputWidth] and [batch, outputWidth]; ε is already in one of them. */
  readonly inputSigns: string;
  readonly outputSigns: string;
  /** The same product, of other activations of the same layout. */
  readonly apply: (x: string) => string;
}

export interface Family {
  readonly id: "rank-one" | "scaled";
  /** ε a ⊙ op_D(x ⊙ b), of the shape of the product. */
  linear(context: RewriteContext, site: LinearSite): string;
  /** The perturbation of a constant read elementwise; `signs` (ε included) broadcasts against it. */
  elementwise(context: RewriteContext, constant: string, signs: string): string;
  /** The perturbation of looked-up rows; `rowSigns` (ε included) and `columnSigns` broadcast against them. */
  lookup(context: RewriteContext, rows: string, rowSigns: string, columnSigns: string): string;
  /** D ∘ D for a float32 constant, in its shape; null where D is all ones. Exact traces weigh coordinates with it. */
  squares(context: RewriteContext, constant: string): string | null;
}
