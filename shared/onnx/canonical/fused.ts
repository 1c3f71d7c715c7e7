/** Operators that ONNX Runtime's fusion tools make of several are taken apart where they swallowed parameters. */
import { Builder } from "../build.ts";
import {
  attribute,
  findAttribute,
  indexGraph,
  intAttribute,
  intsAttribute,
  makeContrib,
  makeNode,
  type Graph,
  type GraphIndex,
  type Node,
} from "../graph.ts";
import { DataType, dimsOf } from "../weights.ts";

/** Each returns false where it leaves the node alone: it then goes to the fallback. */
const TAKE_APART: Readonly<
  Record<string, (node: Node, builder: Builder, graph: Graph, index: GraphIndex) => boolean>
> = {
  SkipLayerNormalization: skipNorm("LayerNormalization"),
  SkipSimplifiedLayerNormalization: skipNorm("SimplifiedLayerNormalization"),
  EmbedLayerNormalization: embedNorm,
  BiasGelu: ({ input: [x, bias], output }, builder) => {
    builder.nodes.push(makeContrib("Gelu", [builder.op("Add", [x!, bias!])], output));
    return true;
  },
  FastGelu: (node, builder) => {
    const [x, bias] = node.input;
    if (!bias) return false;
    builder.nodes.push(makeContrib("FastGelu", [builder.op("Add", [x!, bias])], node.output));
    return true;
  },
  Attention: packedAttention,
};

export function takeApartFused(graph: Graph): void {
  const index = indexGraph(graph);
  const builder = new Builder(graph, "apart:");
  for (const node of graph.nodes) {
    const takeApart = node.domain === "com.microsoft" ? TAKE_APART[node.opType] : undefined;
    if (!takeApart?.(node, builder, graph, index)) builder.nodes.push(node);
  }
  graph.nodes = builder.nodes;
}

/** (input, skip, scale, bias?, input bias?) → output, mean, inverse deviation, sum. */
function skipNorm(norm: "LayerNormalization" | "SimplifiedLayerNormalization") {
  return (node: Node, builder: Builder, graph: Graph, index: GraphIndex): boolean => {
    const simplified = norm === "SimplifiedLayerNormalization";
    const [input, skip, scale] = node.input as [string, string, string];
    const bias = simplified ? undefined : node.input[3];
    const inputBias = node.input[simplified ? 3 : 4];
    const [output, mean, deviation, sumOutput] = node.output;
    const isRead = (value: string | undefined) =>
      value && (index.consumers(value).length > 0 || graph.outputs.includes(value));
    if (isRead(mean) || isRead(deviation)) return false;
    const sum = sumOutput || builder.fresh("sum");
    const added = inputBias ? builder.op("Add", [input, skip]) : sum;
    if (inputBias) builder.op("Add", [added, inputBias], [], sum);
    else builder.op("Add", [input, skip], [], sum);
    addNorm(builder, norm, node, sum, scale, bias, output!);
    return true;
  };
}

function addNorm(
  builder: Builder,
  norm: string,
  node: Node,
  x: string,
  scale: string,
  bias: string | undefined,
  output: string,
): void {
  const epsilon = findAttribute(node, "epsilon");
  const attributes = [attribute("axis", -1), ...(epsilon ? [epsilon] : [])];
  builder.nodes.push(makeNode(norm, bias ? [x, scale, bias] : [x, scale], [output], attributes, node.name));
}

/** (ids, types?, words, positions, type table?, scale, bias, mask?, position ids?) → output, mask lengths, sum. */
function embedNorm(node: Node, builder: Builder, _graph: Graph, index: GraphIndex): boolean {
  const [ids, types, words, positions, typeTable, scale, bias, mask, positionIds] = node.input as [
    string,
    ...string[],
  ];
  const [output, lengths, sumOutput] = node.output;
  if (lengths && !mask && index.consumers(lengths).length > 0) return false;
  const order = positionIds || positionsUpTo(builder, ids);
  let sum = builder.op("Add", [builder.gather(words!, ids, 0), builder.gather(positions!, order, 0)]);
  if (types && typeTable) sum = builder.op("Add", [sum, builder.gather(typeTable, types, 0)]);
  if (sumOutput) builder.op("Identity", [sum], [], sumOutput);
  addNorm(builder, "LayerNormalization", node, sum, scale!, bias, output!);
  // Attention takes the mask itself as well as the lengths that this operator makes of it.
  if (lengths && mask) builder.cast(mask, DataType.INT32, lengths);
  return true;
}

/** 0, 1, … for each column of `ids`, [sequence]. */
function positionsUpTo(builder: Builder, ids: string): string {
  const length = builder.gather(builder.op("Shape", [ids]), builder.ints(1), 0);
  return builder.op("Range", [builder.ints(0), length, builder.ints(1)]);
}

/** (x, packed weight, packed bias, mask?, past?, attention bias?) → output, present?. */
function packedAttention(node: Node, builder: Builder, graph: Graph, index: GraphIndex): boolean {
  const [x, weight, bias, mask, past, attentionBias, pastLength] = node.input;
  const tensor = graph.initializers.get(weight!);
  // MultiHeadAttention takes the mask as [batch, sequence] only.
  const isMatrix = !mask || index.producers.get(mask)?.opType !== "ReduceSum";
  if (!tensor || !isMatrix || past || pastLength || node.output[1] || intAttribute(node, "do_rotary", 0))
    return false;
  const width = dimsOf(tensor)[1]!;
  const sizes = intsAttribute(node, "qkv_hidden_sizes") ?? [width / 3, width / 3, width / 3];
  const product = builder.op("MatMul", [x!, weight!]);
  const packed = bias ? builder.op("Add", [product, bias]) : product;
  const [query, key, value] = builder.split(packed, sizes, 2);
  const kept = ["num_heads", "unidirectional", "mask_filter_value", "scale"].flatMap(
    (name) => findAttribute(node, name) ?? [],
  );
  builder.nodes.push(
    makeContrib(
      "MultiHeadAttention",
      [query!, key!, value!, "", mask ?? "", attentionBias ?? ""],
      node.output,
      kept,
    ),
  );
  return true;
}
