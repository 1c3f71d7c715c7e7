/**
 * Integer arithmetic on activations is rebuilt in floating point from the dequantised weights.
 *
 * Rounded activations have no derivatives: finite differences of them are meaningless. Weights that are merely stored
 * as integers stay as they are.
 */
import { Builder } from "../build.ts";
import { UnsupportedModelError } from "../error.ts";
import {
  attribute,
  copyMessage,
  copyNode,
  describeNode,
  indexGraph,
  intAttribute,
  makeNode,
  type Graph,
  type Node,
} from "../graph.ts";
import { dimsOf } from "../weights.ts";

const INTEGER_ONLY =
  /^(QLinear\w+|QGemm|QAttention|QOrdered\w+|ConvInteger|MatMulIntegerToFloat|DynamicQuantizeMatMul|DynamicQuantizeLSTM|QEmbedLayerNormalization)$/;
/** MatMulNBits: 0 and 1 compute in float32; higher levels round activations. */
const FLOAT_ACCURACY = 1;

/** Whether the model as it was exported rounds activations to integers. */
export function roundsActivations({ nodes }: Graph): boolean {
  return nodes.some(
    (node) =>
      node.opType === "DynamicQuantizeLinear" ||
      node.opType === "MatMulInteger" ||
      (node.opType === "MatMulNBits" && intAttribute(node, "accuracy_level", 0) > FLOAT_ACCURACY),
  );
}

export function rebuildIntegers(graph: Graph): void {
  const index = indexGraph(graph);
  const builder = new Builder(graph, "float:");
  for (const node of graph.nodes) {
    const activations = node.opType === "QuantizeLinear" && !graph.initializers.has(node.input[0]!);
    if (INTEGER_ONLY.test(node.opType) || activations) {
      throw new UnsupportedModelError(
        `${describeNode(node)} computes with activations rounded to integers, whose derivatives mean nothing. ` +
          "Quantise the weights only, or export in floating point.",
      );
    }
    if (node.opType === "MatMulNBits" && intAttribute(node, "accuracy_level", 0) > FLOAT_ACCURACY) {
      const others = node.attribute.filter(({ name }) => name !== "accuracy_level");
      builder.nodes.push(
        copyMessage(node, { attribute: [...others, attribute("accuracy_level", FLOAT_ACCURACY)] }),
      );
    } else if (node.opType === "MatMulInteger") {
      builder.nodes.push(...floatProduct(graph, index, node));
    } else if (!dequantiseBeforeGather(graph, index, node, builder)) {
      builder.nodes.push(node);
    }
  }
  graph.nodes = builder.nodes;
}

/** x_q · W_q, cast and multiplied by both scales, becomes x · dequantised(W). */
function floatProduct(graph: Graph, index: ReturnType<typeof indexGraph>, node: Node): Node[] {
  const [quantised, weight, , zeroPoint] = node.input;
  const source = index.producers.get(quantised!);
  const cast = index.consumers(node.output[0]!)[0]?.node;
  const product = cast?.opType === "Cast" ? index.consumers(cast.output[0]!)[0]?.node : undefined;
  const scales = product?.input.find((name) => name !== cast!.output[0]!);
  const scale = scales && index.producers.get(scales)?.input.find((name) => graph.initializers.has(name));
  const tensor = graph.initializers.get(weight!);
  if (source?.opType !== "DynamicQuantizeLinear" || product?.opType !== "Mul" || !scale || !tensor) {
    throw new UnsupportedModelError(
      `${describeNode(node)} multiplies integers in a way that Plateau does not know. ` +
        "Quantise the weights only, or export in floating point.",
    );
  }
  const dequantised = `${weight}/float`;
  const result = `${node.output[0]}/float`;
  const nodes = [
    makeNode(
      "DequantizeLinear",
      zeroPoint ? [weight!, scale, zeroPoint] : [weight!, scale],
      [dequantised],
      [attribute("axis", dimsOf(tensor).length - 1)],
    ),
    makeNode("MatMul", [source.input[0]!, dequantised], [result], [], node.name),
  ];
  // The old product now only renames the new one; the integer nodes lose their last reader.
  product.opType = "Identity";
  product.input = [result];
  return nodes;
}

/** Rows looked up as integers and dequantised afterwards: the table is dequantised first, so that it is a float table. */
function dequantiseBeforeGather(
  graph: Graph,
  index: ReturnType<typeof indexGraph>,
  node: Node,
  builder: Builder,
): boolean {
  if (node.opType !== "DequantizeLinear") return false;
  const gather = index.producers.get(node.input[0]!);
  const scale = graph.initializers.get(node.input[1]!);
  if (gather?.opType !== "Gather" || !graph.initializers.has(gather.input[0]!) || !scale) return false;
  if (dimsOf(scale).reduce((product, dim) => product * dim, 1) !== 1) return false;
  const table = builder.op("DequantizeLinear", [gather.input[0]!, ...node.input.slice(1)], node.attribute);
  builder.nodes.push(copyNode(gather, { input: [table, gather.input[1]!], output: node.output }));
  return true;
}
