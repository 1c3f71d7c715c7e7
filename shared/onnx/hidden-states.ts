/**
 * Finds the hidden states: the values between token embeddings and logits that everything passes through.
 *
 * In a residual network those are the sums (or, after them, the norms) that close a block; what lies inside a block can
 * be bypassed along the residual. A value is such a cut where no earlier value of the token stream is read after it.
 */
import { indexGraph, type Graph, type Node } from "./graph.ts";
import type { Parameter } from "./parameters.ts";

export interface HiddenState {
  /** Name of the value in the canonical graph. */
  readonly value: string;
  /** The layer whose output it is; null for the embeddings, before any layer. */
  readonly layer: number | null;
}

/** The embeddings and the output of each numbered layer, in order; empty where no embedding is found. */
export function findHiddenStates(
  graph: Graph,
  logits: string,
  parameters: readonly Parameter[],
): HiddenState[] {
  const nodes = tokenStream(graph, logits, parameters);
  const position = new Map(nodes.flatMap((node, i) => node.output.map((output) => [output, i] as const)));
  const lastRead = new Map<string, number>();
  nodes.forEach((node, i) => {
    for (const input of node.input) if (position.has(input)) lastRead.set(input, i);
  });
  const layerAt = layersReached(nodes, parameters);
  const found = new Map<number | null, string>();
  // Furthest reader of anything made before the current node.
  let reach = 0;
  nodes.forEach((node, i) => {
    const [output] = node.output as [string];
    // The last cut before the next layer begins is the layer's output.
    if (reach <= i && output !== logits && layerAt[i] !== "after") found.set(layerAt[i]!, output);
    reach = Math.max(reach, ...node.output.map((value) => lastRead.get(value) ?? 0));
  });
  return [...found].map(([layer, value]) => ({ value, layer }));
}

/** Nodes on the way from token embeddings to the logits, in execution order. */
function tokenStream(graph: Graph, logits: string, parameters: readonly Parameter[]): Node[] {
  const { producers } = indexGraph(graph);
  const needed = new Set<Node>();
  const pending = [logits];
  while (pending.length > 0) {
    const producer = producers.get(pending.pop()!);
    if (!producer || needed.has(producer)) continue;
    needed.add(producer);
    pending.push(...producer.input);
  }
  const lookups = new Set(
    parameters
      .filter(({ kind }) => kind === "embedding")
      .flatMap(({ uses }) => uses.filter(({ operand }) => operand === 0).map(({ node }) => node.output[0])),
  );
  const stream = new Set<string>();
  return graph.nodes.filter((node) => {
    const isOn =
      needed.has(node) &&
      (node.output.some((output) => lookups.has(output)) || node.input.some((input) => stream.has(input)));
    // Lengths and shapes of activations are read from many places and carry no activations.
    if (!isOn || node.opType === "Shape") return false;
    for (const output of node.output) stream.add(output);
    return true;
  });
}

/** For each node the layer whose parameters were last met; null before the first layer, "after" beyond the last. */
function layersReached(
  nodes: readonly Node[],
  parameters: readonly Parameter[],
): (number | null | "after")[] {
  const ofOutput = new Map<string, number | null>();
  for (const { layer, uses } of parameters) for (const { node } of uses) ofOutput.set(node.output[0]!, layer);
  let current: number | null | "after" = null;
  return nodes.map((node) => {
    const layer = ofOutput.get(node.output[0]!);
    if (layer !== undefined && layer !== null) current = layer;
    else if (layer === null && current !== null) current = "after";
    return current;
  });
}
