/** Gemm gives up its bias, which becomes an Add of its own. */
import { Builder } from "../build.ts";
import { copyNode, floatAttribute, makeNode, type Graph } from "../graph.ts";

export function splitGemmBias(graph: Graph): void {
  const builder = new Builder(graph, "gemm:");
  for (const node of graph.nodes) {
    const [a, b, bias] = node.input;
    if (
      node.opType !== "Gemm" ||
      !bias ||
      !graph.initializers.has(bias) ||
      floatAttribute(node, "beta", 1) !== 1
    ) {
      builder.nodes.push(node);
      continue;
    }
    const product = builder.fresh("product");
    builder.nodes.push(copyNode(node, { input: [a!, b!], output: [product] }));
    builder.nodes.push(makeNode("Add", [product, bias], [node.output[0]!], [], `${node.name}/Add`));
  }
  graph.nodes = builder.nodes;
}
