/** Formulas as data, which Formula.svelte writes as MathML. */

type Tag = "mrow" | "msub" | "msup" | "mfrac" | "munder";

/** A leaf is one number, operator, space or name. */
export type MathNode = string | MathElement;

export interface MathElement {
  readonly tag: Tag;
  /** Each is one argument. */
  readonly parts: readonly MathNode[];
}

const element =
  (tag: Tag) =>
  (...parts: readonly MathNode[]): MathElement => ({ tag, parts });

export const row = element("mrow");
export const over = (above: MathNode, below: MathNode) => element("mfrac")(above, below);
export const squared = (base: MathNode) => element("msup")(base, "2");
/** Indices are letters: two of them side by side are two, not a word. */
export const sub = (base: MathNode, ...index: readonly MathNode[]) => element("msub")(base, row(...index));
export const sum = (...below: readonly MathNode[]) => element("munder")("∑", row(...below));
export const brackets = (open: "(" | "[", ...parts: readonly MathNode[]) =>
  row(open, ...parts, open === "(" ? ")" : "]");

/** Between a function's name and its argument. */
export const THIN = "\u2009";

/** The element of a leaf. */
export function leafTag(text: string): "mn" | "mo" | "mtext" | "mi" {
  if (/^\d/.test(text)) return "mn";
  if (text.trim() === "") return "mtext";
  return /^[^\p{L}]+$/u.test(text) ? "mo" : "mi";
}
