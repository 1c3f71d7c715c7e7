/**
 * (x W + u aᵀ) + c becomes x W + [u 1]·[aᵀ; c]: one sum over the activations less.
 *
 * u is the projection of the activations on the input signs, a the output signs, c the bias with its perturbation. The
 * sums cost as much as the thin product itself, most of all in WebAssembly.
 */
import type { Node } from "../onnx/graph.ts";
import { valuesRead } from "../onnx/graph.ts";
import type { RewriteContext } from "./context.ts";

export function mergeBiases({ graph, builder, outerProducts, rowVectors }: RewriteContext): void {
  const nodes = [...graph.nodes, ...builder.nodes];
  const producers = new Map(nodes.flatMap((node) => node.output.map((output) => [output, node] as const)));
  const reads = new Map<string, number>();
  for (const value of nodes.flatMap(valuesRead)) reads.set(value, (reads.get(value) ?? 0) + 1);
  const dropped = new Set<Node>();
  for (const node of nodes) {
    if (node.opType !== "Add") continue;
    const bias = node.input.find((input) => rowVectors.has(input));
    const perturbed = node.input.find((input) => input !== bias);
    const inner = perturbed === undefined ? undefined : producers.get(perturbed);
    const [raw, term] = inner?.opType === "Add" ? inner.input : [];
    const product = term === undefined ? undefined : outerProducts.get(term);
    if (!bias || !product || reads.get(perturbed!) !== 1 || graph.outputs.includes(perturbed!)) continue;
    const ones = builder.op("Expand", [builder.float(1), builder.op("Shape", [product.projection])]);
    const left = builder.concat([product.projection, ones], -1);
    const right = builder.concat([product.outputSigns, bias], 1);
    node.input = [raw!, builder.op("MatMul", [left, right])];
    dropped.add(inner!);
  }
  graph.nodes = graph.nodes.filter((node) => !dropped.has(node));
  builder.nodes.splice(0, builder.nodes.length, ...builder.nodes.filter((node) => !dropped.has(node)));
}
