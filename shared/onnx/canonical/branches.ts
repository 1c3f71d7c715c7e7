/**
 * `If` on a flag that Plateau feeds itself is replaced by the branch it takes.
 *
 * Merged decoders (Optimum) switch on the input `use_cache_branch`; Plateau never uses a cache, so the flag is false.
 */
import { copyNode, findAttribute, replaceUses, type Graph, type Node } from "../graph.ts";

export function inlineBranches(graph: Graph): void {
  const flags = new Set(
    graph.inputs.filter(({ name }) => name === "use_cache_branch").map(({ name }) => name),
  );
  if (flags.size === 0) return;
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const branch =
      node.opType === "If" && flags.has(node.input[0]!) ? findAttribute(node, "else_branch")?.g : undefined;
    if (!branch) {
      nodes.push(node);
      continue;
    }
    for (const tensor of branch.initializer) graph.initializers.set(tensor.name, tensor);
    for (const inner of branch.node) nodes.push(copyNode(inner, {}));
    graph.nodes = [...nodes, ...graph.nodes.slice(graph.nodes.indexOf(node) + 1)];
    branch.output.forEach(({ name }, i) => replaceUses(graph, node.output[i]!, name));
  }
  graph.nodes = nodes;
}
