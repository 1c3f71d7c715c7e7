import type { Graph, GraphIndex } from "../../onnx/graph.ts";
import type { Use } from "../../onnx/uses.ts";

/** What table rows may pass through, linearly, before they meet the examples. */
const PASSED = new Set(["Unsqueeze", "Squeeze", "Cast", "Identity", "Reshape", "Expand", "Add"]);

/** The rows read from a table and what they become, up to where a second reader or another operator ends the chain. */
export function downstream(graph: Graph, index: GraphIndex, { node }: Use): string[] {
  const values: string[] = [];
  let value = node.output[0]!;
  for (;;) {
    values.push(value);
    const readers = index.consumers(value);
    if (readers.length !== 1 || graph.outputs.includes(value) || !PASSED.has(readers[0]!.node.opType))
      return values;
    value = readers[0]!.node.output[0]!;
  }
}
