/**
 * Identity and inference-time Dropout vanish.
 *
 * An Identity of a constant is an exporter that merged equal values (fresh LayerNorm scales, zero biases): it becomes a
 * constant of its own over the same bytes, because those are separate parameters.
 */
import { copyMessage, renameUses, type Graph } from "../graph.ts";

export function removeIdentities(graph: Graph): void {
  const kept = [];
  /** Names of what vanished, and what stands for them: made first, so that there are no chains. */
  const names = new Map<string, string>();
  for (const node of graph.nodes) {
    const input = names.get(node.input[0] ?? "") ?? node.input[0];
    const [output, mask] = node.output;
    const isIdentity = node.opType === "Identity" || (node.opType === "Dropout" && !mask && !node.input[2]);
    if (!isIdentity || !input || !output) {
      kept.push(node);
      continue;
    }
    const tensor = graph.initializers.get(input);
    if (tensor && node.opType === "Identity")
      graph.initializers.set(output, copyMessage(tensor, { name: output }));
    else if (graph.outputs.includes(output) && graph.inputs.some(({ name }) => name === input))
      kept.push(node);
    else names.set(output, input);
  }
  graph.nodes = kept;
  renameUses(graph, names);
}
