/** Mean and standard deviation of a parameter's entries; of quantised weights, of what they stand for. */
import { Builder } from "../onnx/build.ts";
import { attribute, cloneGraph, copyNode, indexGraph, pruneAndSort, type Graph } from "../onnx/graph.ts";
import type { Parameter } from "../onnx/parameters.ts";
import { PACKED } from "../onnx/uses.ts";
import { DataType, dimsOf, elementCount, isFloat, readValues } from "../onnx/weights.ts";
import { writeModel } from "../onnx/write.ts";
import type { Runtime } from "../runtime.ts";

export interface Moments {
  readonly mean: number;
  /** √((1/n) Σ (w − mean)²). */
  readonly deviation: number;
}

/** Values read at a time (4 to 8 MiB). */
const BLOCK = 2 ** 20;
/** Rows or columns of packed weights that are looked at: their entries are a sample large enough. */
const SAMPLE = 256;

/** Moments by parameter index. */
export async function momentsOf(
  graph: Graph,
  parameters: readonly Parameter[],
  runtime: Runtime,
): Promise<Map<number, Moments>> {
  const found = new Map<number, Moments>();
  const quantised: Parameter[] = [];
  for (const parameter of parameters) {
    const tensor = graph.initializers.get(parameter.roots[0]!.name)!;
    if (isFloat(tensor.dataType)) found.set(parameter.index, await momentsOfTensor(graph, tensor));
    else quantised.push(parameter);
  }
  if (quantised.length > 0) {
    for (const [index, moments] of await momentsInGraph(graph, quantised, runtime)) found.set(index, moments);
  }
  return found;
}

/** Welford's update, block by block (Chan, Golub and LeVeque 1979). */
async function momentsOfTensor(graph: Graph, tensor: Parameters<typeof readValues>[0]): Promise<Moments> {
  const total = elementCount(dimsOf(tensor));
  let [count, mean, squares] = [0, 0, 0];
  for (let start = 0; start < total; start += BLOCK) {
    const values = await readValues(tensor, graph.sources, start, Math.min(BLOCK, total - start));
    let blockMean = 0;
    for (const value of values) blockMean += value / values.length;
    let blockSquares = 0;
    for (const value of values) blockSquares += (value - blockMean) ** 2;
    const delta = blockMean - mean;
    const joint = count + values.length;
    squares += blockSquares + (delta * delta * count * values.length) / joint;
    mean += (delta * values.length) / joint;
    count = joint;
  }
  return { mean, deviation: Math.sqrt(squares / count) };
}

/** ONNX Runtime knows every way of packing: it dequantises, and only the two moments of each tensor come back. */
async function momentsInGraph(
  original: Graph,
  parameters: readonly Parameter[],
  runtime: Runtime,
): Promise<Map<number, Moments>> {
  const graph = cloneGraph(original);
  const builder = new Builder(graph, "moments:");
  const outputs = parameters.map(({ index, roots }) => {
    const flat = builder.reshape(
      builder.cast(dequantised(graph, builder, roots[0]!.name), DataType.FLOAT),
      [-1],
    );
    const mean = builder.reduceMean(flat, 0, true);
    const centred = builder.op("Sub", [flat, mean]);
    const variance = builder.reduceMean(builder.op("Mul", [centred, centred]), 0, true);
    return { index, mean, variance };
  });
  graph.nodes.push(...builder.nodes);
  graph.outputs = outputs.flatMap(({ mean, variance }) => [mean, variance]);
  pruneAndSort(graph);
  const session = await runtime.createSession(writeModel(graph), { throwaway: true });
  try {
    const values = await session.run({});
    return new Map(
      outputs.map(({ index, mean, variance }) => [
        index,
        { mean: Number(values[mean]!.data[0]), deviation: Math.sqrt(Number(values[variance]!.data[0])) },
      ]),
    );
  } finally {
    await session.dispose();
  }
}

/** Entries of a quantised weight as floats: all of them, or a sample of packed ones. */
function dequantised(graph: Graph, builder: Builder, root: string): string {
  const reader = indexGraph(graph)
    .consumers(root)
    .find(({ node }) => node.opType === "DequantizeLinear" || PACKED.has(node.opType))!.node;
  if (reader.opType === "DequantizeLinear") return reader.output[0]!;
  const output = builder.fresh("dequantised");
  if (reader.opType === "GatherBlockQuantized") {
    const rows = dimsOf(graph.initializers.get(root)!)[0]!;
    const some = builder.ints(evenly(rows, SAMPLE));
    builder.nodes.push(
      copyNode(reader, { input: [root, some, ...reader.input.slice(2)], output: [output], name: output }),
    );
    return output;
  }
  // Multiplied by rows of the identity, packed weights give columns of what they stand for.
  const inner = Number(reader.attribute.find(({ name }) => name === "K")!.i);
  const bits = builder.op(
    "OneHot",
    [builder.ints(evenly(inner, SAMPLE)), builder.ints(inner), builder.ints([0, 1])],
    [attribute("axis", -1)],
  );
  const type = graph.initializers.get(reader.input[2]!)?.dataType ?? DataType.FLOAT;
  // Without the bias, which is the fifth operand.
  builder.nodes.push(
    copyNode(reader, {
      input: [builder.cast(bits, type), ...reader.input.slice(1, 4)],
      output: [output],
      name: output,
    }),
  );
  return output;
}

/** At most `count` whole numbers below `bound`, spread evenly. */
function evenly(bound: number, count: number): number[] {
  const size = Math.min(bound, count);
  return Array.from({ length: size }, (_, i) => Math.floor((i * bound) / size));
}
