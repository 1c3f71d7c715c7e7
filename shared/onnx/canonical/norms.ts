/** Norms give up their scale and bias, which become a Mul and an Add of their own. */
import { Builder } from "../build.ts";
import { copyNode, makeNode, type Graph } from "../graph.ts";
import { dimsOf, unitVector } from "../weights.ts";

/** Prefix of the names of constants that only stand in for a scale that was taken out. */
export const UNIT_SCALE = "norm:ones/";

const NORMS = new Set(["LayerNormalization", "SimplifiedLayerNormalization", "RMSNormalization"]);

export function splitNorms(graph: Graph): void {
  const builder = new Builder(graph, "norm:");
  for (const node of graph.nodes) {
    const [x, scale, bias] = node.input;
    const tensor = scale ? graph.initializers.get(scale) : undefined;
    const dims = tensor ? dimsOf(tensor) : [];
    if (!NORMS.has(node.opType) || !x || !scale || dims.length !== 1 || node.output.slice(1).some(Boolean)) {
      builder.nodes.push(node);
      continue;
    }
    const output = node.output[0]!;
    const ones = unitScale(graph, dims[0]!, tensor!.dataType);
    const normalised = builder.fresh("normalised");
    builder.nodes.push(copyNode(node, { input: [x, ones], output: [normalised] }));
    const scaled = bias ? builder.fresh("scaled") : output;
    const named = (opType: string, inputs: string[], result: string) => {
      // The scope in the node's name tells the layer of scale and bias.
      builder.nodes.push(makeNode(opType, inputs, [result], [], `${node.name}/${opType}`));
    };
    named("Mul", [normalised, scale], scaled);
    if (bias) named("Add", [scaled, bias], output);
  }
  graph.nodes = builder.nodes;
}

/** One shared constant of ones for each width and type: it is no parameter, and says so by its name. */
function unitScale(graph: Graph, width: number, dataType: number): string {
  const name = `${UNIT_SCALE}${width}/${dataType}`;
  if (!graph.initializers.has(name)) graph.initializers.set(name, unitVector(name, width, dataType));
  return name;
}
