/**
 * The random-weights baseline: a model of the same architecture that has learnt nothing.
 *
 * Every entry of every parameter (matrices, tables, biases, norm scales) becomes a Gaussian number with the mean and the
 * standard deviation of that parameter's own entries. Tied copies stay tied. Quantised weights become floats with the
 * moments of what they stood for, and their scales go. Constants that are no parameters (rotary tables, masks, single
 * numbers) stay.
 */
import { attribute, indexGraph, intAttribute, makeNode, type Graph, type Node } from "../onnx/graph.ts";
import type { Parameter, Root } from "../onnx/parameters.ts";
import { PACKED } from "../onnx/uses.ts";
import { DataType, dimsOf, isFloat, type WeightSource } from "../onnx/weights.ts";
import type { Subject } from "../perturb/subject.ts";
import { RandomStream } from "../random.ts";
import type { Runtime } from "../runtime.ts";
import { addConstant, copyConstants } from "./constants.ts";
import { momentsOf, type Moments } from "./random-weights-moments.ts";
import type { ForwardModel } from "./sentences.ts";

/** The random model, or null with the reason why there is none. */
export type RandomWeights =
  { readonly model: ForwardModel; readonly reason: null } | { readonly model: null; readonly reason: string };

/** Keeps this stream apart from others of the same seed. */
const PURPOSE = 0x72616e64;

/**
 * The subject's model with random weights, in memory; the subject and its file stay as they are, and can be let go. The numbers are keyed by (seed,
 * parameter), the same on every machine but for the last digit of `Math.log` and `Math.cos`.
 *
 * @param runtime dequantises weights that are stored as integers; not used otherwise.
 * @param seed a whole number below 2⁵³.
 */
export async function randomiseWeights(
  { parameters, ...model }: Subject,
  runtime: Runtime,
  seed: number,
): Promise<RandomWeights> {
  const moments = await momentsOf(model.graph, parameters, runtime);
  const graph: OwnGraph = {
    ...model.graph,
    nodes: [...model.graph.nodes],
    initializers: new Map(model.graph.initializers),
    sources: new Map(model.graph.sources),
  };
  const casts: Node[] = [];
  for (const parameter of parameters) {
    const { mean, deviation } = moments.get(parameter.index)!;
    if (!Number.isFinite(mean) || !Number.isFinite(deviation)) {
      return { model: null, reason: `the entries of parameter '${parameter.name}' are not all finite` };
    }
    const values = gaussian(parameter, { mean, deviation }, seed);
    for (const root of parameter.roots) replaceRoot(graph, casts, parameter, root, values);
  }
  graph.nodes.unshift(...casts);
  await copyConstants(graph);
  return { model: { ...model, graph }, reason: null };
}

type OwnGraph = Graph & { readonly sources: Map<string, WeightSource> };

function gaussian({ index, count }: Parameter, { mean, deviation }: Moments, seed: number): Float32Array {
  const random = new RandomStream(seed, index, PURPOSE);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = mean + deviation * random.normal();
  return values;
}

/** Puts the values where one copy of the parameter stands. */
function replaceRoot(
  graph: OwnGraph,
  casts: Node[],
  { dims, name: title }: Parameter,
  { name, transposed }: Root,
  values: Float32Array,
): void {
  const tensor = graph.initializers.get(name);
  if (!tensor) return;
  const own = transposed ? transpose(values, dims as [number, number]) : { dims, values };
  /** The values under `output`, in the element type that is read there. */
  const put = (output: string, type: number, shape: readonly number[], data: Float32Array) => {
    graph.initializers.delete(output);
    if (type === DataType.FLOAT) addConstant(graph, output, shape, data);
    else {
      addConstant(graph, `${output}/random`, shape, data);
      casts.push(makeNode("Cast", [`${output}/random`], [output], [attribute("to", type)]));
    }
  };
  if (isFloat(tensor.dataType)) {
    put(name, tensor.dataType, dimsOf(tensor), own.values);
    return;
  }
  for (const { node } of indexGraph(graph).consumers(name)) {
    const type = graph.initializers.get(node.input[PACKED.has(node.opType) ? 2 : 1]!)?.dataType;
    const place = graph.nodes.indexOf(node);
    const output = node.output[0]!;
    const weight = `${output}/${title}`;
    if (node.opType === "DequantizeLinear") {
      put(output, type ?? DataType.FLOAT, own.dims, own.values);
      graph.nodes.splice(place, 1);
    } else if (node.opType === "GatherBlockQuantized") {
      put(weight, type ?? DataType.FLOAT, own.dims, own.values);
      const axis = attribute("axis", intAttribute(node, "gather_axis", 0));
      graph.nodes[place] = makeNode("Gather", [weight, node.input[1]!], [output], [axis], node.name);
    } else {
      const turned = transpose(own.values, own.dims as [number, number]);
      put(weight, type ?? DataType.FLOAT, turned.dims, turned.values);
      graph.nodes.splice(place, 1, ...product(node, weight));
    }
  }
}

/** x · W (+ bias, the sixth operand of MatMulNBits). */
function product(node: Node, weight: string): Node[] {
  const [x, , , , , bias] = node.input;
  const output = node.output[0]!;
  if (!bias) return [makeNode("MatMul", [x!, weight], [output], [], node.name)];
  const alone = `${output}/product`;
  return [makeNode("MatMul", [x!, weight], [alone], [], node.name), makeNode("Add", [alone, bias], [output])];
}

function transpose(
  values: Float32Array,
  [rows, columns]: readonly [number, number],
): { dims: readonly number[]; values: Float32Array } {
  const turned = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) turned[c * rows + r] = values[r * columns + c]!;
  }
  return { dims: [columns, rows], values: turned };
}
