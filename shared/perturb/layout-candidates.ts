import { indexGraph, type Graph } from "../onnx/graph.ts";
import type { Parameter } from "../onnx/parameters.ts";
import { labelledCandidates } from "./labelled.ts";
import { OPERATORS } from "./operators/index.ts";

/** Values whose layout the rewriting will ask for; `whole` ones are integers. */
export function layoutCandidates(
  graph: Graph,
  logits: string,
  parameters: readonly Parameter[],
): Map<string, boolean> {
  const index = indexGraph(graph);
  const wanted = new Map<string, boolean>();
  for (const value of labelledCandidates(graph, logits)) wanted.set(value, false);
  for (const use of parameters.flatMap(({ uses }) => uses)) {
    for (const { value, whole } of OPERATORS.find((operator) => operator.matches(use))?.anchors(use, {
      graph,
      index,
    }) ?? []) {
      wanted.set(value, whole);
    }
  }
  return wanted;
}
