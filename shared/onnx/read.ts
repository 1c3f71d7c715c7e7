/** From bytes to a Graph, checked against what the file physically holds. */
import { fromBinary } from "@bufbuild/protobuf";
import {
  ModelProtoSchema,
  type GraphProto,
  type ModelProto,
  type TensorProto,
  type ValueInfoProto,
} from "onnx-buf";
import { entrySource, readBundle } from "./bundle.ts";
import { checkTensor, pointIntoBundle, type OpenExternal } from "./check-tensor.ts";
import { decodedSize } from "./decoded-size.ts";
import { ModelFormatError, UnsupportedModelError } from "./error.ts";
import { describeNode, findAttribute, type Graph, type GraphInput } from "./graph.ts";
import { MAX_MEMORY, readSkeleton, SELF, tooMuchMemory } from "./skeleton.ts";
import type { WeightSource } from "./weights.ts";

/** Before opset 11 Gather, Slice, Clip and Pad differ; exporters have written 11 or later since 2019. */
const MIN_OPSET = 11;
const MAX_NODES = 200_000;
const DOMAINS = new Set(["", "ai.onnx", "com.microsoft"]);
/** Operators that make a loss irreproducible or that may never end. */
const REFUSED: Readonly<Record<string, string>> = {
  Loop: "may never end",
  Scan: "may never end",
  RandomNormal: "is random",
  RandomNormalLike: "is random",
  RandomUniform: "is random",
  RandomUniformLike: "is random",
  Bernoulli: "is random",
  Multinomial: "is random",
};

export interface ReadOptions {
  readonly external?: OpenExternal;
  /** Bytes that the graph may take in memory without its weights. */
  readonly memory?: number;
}

/**
 * Reads a model without its weights. The source is an .onnx file, or an archive of one and its external data.
 *
 * @throws ModelFormatError where the bytes are no ONNX model, or sizes disagree with the file.
 * @throws UnsupportedModelError for custom operators, local functions, opsets below 11, missing external data.
 */
export async function readModel(
  source: WeightSource,
  { external, memory = MAX_MEMORY }: ReadOptions = {},
): Promise<Graph> {
  const bundle = await readBundle(source);
  const proto = decode(
    await readSkeleton(bundle ? entrySource(source, bundle.model) : source, memory),
    memory,
  );
  const graph = proto.graph;
  if (!graph || graph.node.length === 0) throw new ModelFormatError("it holds no graph");
  if (graph.node.length > MAX_NODES) throw new ModelFormatError(`it has ${graph.node.length} nodes`);
  const opset = Number(
    proto.opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx")?.version ?? 0,
  );
  if (opset < MIN_OPSET) {
    throw new UnsupportedModelError(
      `The model uses ONNX operator set ${opset || "(none)"}; Plateau reads ${MIN_OPSET} and later. Export it again with opset 17.`,
    );
  }
  if (proto.functions.length > 0) {
    const name = proto.functions[0]!.name;
    throw new UnsupportedModelError(
      `The model defines its own functions ('${name}'). Inline them first: onnx.inliner.inline_local_functions.`,
    );
  }
  if (graph.sparseInitializer.length > 0) {
    throw new UnsupportedModelError("The model has sparse constants. Export it with dense weights.");
  }
  checkOperators(graph);

  const sources = new Map<string, WeightSource>([[SELF, source]]);
  for (const tensor of allTensors(graph)) {
    if (bundle) pointIntoBundle(tensor, bundle);
    await checkTensor(tensor, sources, external);
  }

  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  return {
    opset,
    irVersion: Number(proto.irVersion),
    producer: [proto.producerName, proto.producerVersion].filter(Boolean).join(" "),
    // Old exporters list constants among the inputs too.
    inputs: graph.input.filter(({ name }) => !initializers.has(name)).map(graphInput),
    outputs: graph.output.map(({ name }) => name),
    nodes: graph.node,
    initializers,
    sources,
  };
}

function decode(skeleton: Uint8Array, memory: number): ModelProto {
  try {
    if (decodedSize(ModelProtoSchema, skeleton, memory) > memory) throw tooMuchMemory();
    return fromBinary(ModelProtoSchema, skeleton);
  } catch (error) {
    if (error instanceof ModelFormatError) throw error;
    throw new ModelFormatError(error instanceof Error ? error.message : String(error));
  }
}

function graphInput({ name, type }: ValueInfoProto): GraphInput {
  if (type?.value.case !== "tensorType") {
    throw new UnsupportedModelError(
      `Input '${name}' is not a tensor. Export the model with tensor inputs only.`,
    );
  }
  const { elemType, shape } = type.value.value;
  const dims = (shape?.dim ?? []).map(({ value }) =>
    value.case === "dimValue" ? Number(value.value) : value.case === "dimParam" ? value.value : null,
  );
  return { name, elementType: elemType, dims };
}

function checkOperators(graph: GraphProto): void {
  for (const node of graph.node) {
    if (!DOMAINS.has(node.domain)) {
      throw new UnsupportedModelError(
        `${describeNode(node)} is a custom operator of domain '${node.domain}'. Export the model with ONNX's own operators.`,
      );
    }
    if (node.domain === "com.microsoft" && node.opType === "Attention" && !node.input[2]) {
      throw new UnsupportedModelError(
        `${describeNode(node)} has no bias, on which ONNX Runtime crashes. Give it a bias of zeros.`,
      );
    }
    const reason = REFUSED[node.opType];
    if (reason) {
      throw new UnsupportedModelError(
        `${describeNode(node)} ${reason}, so losses could not be compared. Export the model for inference, without it.`,
      );
    }
    for (const { g, graphs } of node.attribute)
      for (const inner of g ? [g, ...graphs] : graphs) checkOperators(inner);
  }
}

/** Constants of the graph, of its Constant nodes and of its subgraphs. */
function* allTensors(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  for (const node of graph.node) {
    for (const { t, tensors, g, graphs } of node.attribute) {
      if (t) yield t;
      yield* tensors;
      for (const inner of g ? [g, ...graphs] : graphs) yield* allTensors(inner);
    }
    const sparse = findAttribute(node, "sparse_value");
    if (sparse)
      throw new UnsupportedModelError(
        `${describeNode(node)} is sparse. Export the model with dense weights.`,
      );
  }
}
