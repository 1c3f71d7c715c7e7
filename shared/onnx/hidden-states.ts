/**
 * Finds the hidden states: the values between token embeddings and logits that everything passes through.
 *
 * In a residual network those are the sums (or, after them, the norms) that close a block; what lies inside a block can
 * be bypassed along the residual. A value is such a cut where no earlier value of the token stream is read after it.
 *
 * The output of a layer is the first cut after its last parameter: the residual sum of a pre-norm layer, the norm of a
 * post-norm one. The embeddings are the last cut before the first layer, so positions and norms are part of them.
 */
import { indexGraph, type Graph, type Node } from "./graph.ts";
import type { Parameter } from "./parameters.ts";

export interface HiddenState {
  /** Name of the value in the canonical graph. */
  readonly value: string;
  /** The layer whose output it is, by its number in parameter names; null for the embeddings, before any layer. */
  readonly layer: number | null;
}

/** The embeddings and the output of each numbered layer, in order; empty where no embedding is found. */
export function findHiddenStates(
  graph: Graph,
  logits: string,
  parameters: readonly Parameter[],
): HiddenState[] {
  const nodes = tokenStream(graph, logits, parameters);
  const cuts = findCuts(nodes).filter((i) => nodes[i]!.output[0] !== logits);
  const layers = findLayers(nodes, parameters, cuts);
  const start = layers[0]?.start ?? firstParameterAfterEmbeddings(nodes, parameters);
  const embeddings = cuts.findLast((i) => i < start);
  const found: HiddenState[] = [];
  const add = (node: number | undefined, layer: number | null) => {
    if (node !== undefined) found.push({ value: nodes[node]!.output[0]!, layer });
  };
  add(embeddings, null);
  for (const { layer, end } of layers) {
    add(
      cuts.find((i) => i >= end),
      layer,
    );
  }
  return found;
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

/** Places of the nodes whose only output everything later depends on alone, in order. */
function findCuts(nodes: readonly Node[]): number[] {
  const position = new Map(nodes.flatMap((node, i) => node.output.map((output) => [output, i] as const)));
  const lastRead = new Map<string, number>();
  nodes.forEach((node, i) => {
    for (const input of node.input) if (position.has(input)) lastRead.set(input, i);
  });
  // Furthest reader of anything made before the current node.
  let reach = 0;
  return nodes.flatMap((node, i) => {
    const isCut = reach <= i && node.output.filter(Boolean).length === 1;
    for (const value of node.output) reach = Math.max(reach, lastRead.get(value) ?? 0);
    return isCut ? [i] : [];
  });
}

interface Layer {
  readonly layer: number;
  /** The number that its parameters' names tell. */
  readonly named: number;
  /** Index of the parameter met first. */
  readonly first: number;
  /** Places of the first and of the last node that reads a parameter of the layer. */
  readonly start: number;
  end: number;
}

/** The layers in order of execution. A layer whose parameters are used again (ALBERT) is followed by another. */
function findLayers(
  nodes: readonly Node[],
  parameters: readonly Parameter[],
  cuts: readonly number[],
): Layer[] {
  const read = parametersRead(nodes, parameters);
  const numbers = layerNumbers(read, cuts);
  const layers: Layer[] = [];
  read.forEach((parameter, i) => {
    const named = numbers[i];
    if (!parameter || named === undefined || named === null) return;
    const current = layers.at(-1);
    const again = named === current?.named && parameter.index === current.first;
    const begins =
      !current || ((named !== current.named || again) && cuts.some((j) => j >= current.end && j < i));
    if (begins) {
      const layer = Math.max(named, (current?.layer ?? -1) + 1);
      layers.push({ layer, named, first: parameter.index, start: i, end: i });
    } else current.end = i;
  });
  return layers;
}

/** Names that exporters and graph tools give to weights they made themselves (`val_133`, `packed_matmul_29`). */
const NAMELESS = /^[^./]*\d$/;

/**
 * For each node that reads a parameter, the layer it belongs to; null outside the layers. A weight without a name
 * belongs to the layer whose parameter is read next, unless that is another layer: then there is a cut between the two.
 */
function layerNumbers(
  read: readonly (Parameter | undefined)[],
  cuts: readonly number[],
): readonly (number | null | undefined)[] {
  // The last product of all makes the logits, whatever weight stands before it.
  const head = read.findLastIndex((parameter) => parameter && parameter.dims.length > 1);
  const isNameless = (i: number) => i !== head && NAMELESS.test(read[i]!.name);
  const places = read.flatMap((parameter, i) => (parameter ? [i] : []));
  const numbers: (number | null | undefined)[] = read.map(() => undefined);
  let previous: number | null = null;
  for (const i of places) {
    if (!isNameless(i)) previous = i === head ? null : read[i]!.layer;
    else {
      const next = places.find((k) => k > i && !isNameless(k));
      const isSame = next !== undefined && !cuts.some((j) => j >= i && j < next);
      if (isSame) previous = next === head ? null : read[next]!.layer;
    }
    numbers[i] = previous;
  }
  return numbers;
}

/** Without numbered layers, what follows the embeddings begins at the first parameter that no id looks up. */
function firstParameterAfterEmbeddings(nodes: readonly Node[], parameters: readonly Parameter[]): number {
  const first = parametersRead(nodes, parameters).findIndex(
    (parameter) => parameter !== undefined && parameter.kind === "matrix",
  );
  return first < 0 ? nodes.length : first;
}

/** For each node the parameter it reads. */
function parametersRead(
  nodes: readonly Node[],
  parameters: readonly Parameter[],
): readonly (Parameter | undefined)[] {
  const byOutput = new Map<string, Parameter>();
  for (const parameter of parameters) {
    for (const { node } of parameter.uses) byOutput.set(node.output[0]!, parameter);
  }
  return nodes.map((node) => byOutput.get(node.output[0]!));
}
