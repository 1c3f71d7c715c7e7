/** From a Graph to what a Runtime takes: a small ModelProto whose constants point into the original bytes. */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type GraphProto,
  type TensorProto,
} from "onnx-buf";
import type { ExternalData, ModelBytes } from "../runtime.ts";
import { UnsupportedModelError } from "./error.ts";
import { copyMessage, type Graph, type GraphInput, type Node } from "./graph.ts";
import { byteLength, dimsOf, elementCount, externalPointer } from "./weights.ts";

/** ONNX Runtime 1.30 refuses newer ones; nothing that Plateau writes needs more. */
const MAX_IR_VERSION = 10;

/** Serialises the graph; weights stay where they are. Nodes must be in execution order. */
export function writeModel(graph: Graph): ModelBytes {
  const paths = new Map<string, string>();
  const externalData: ExternalData[] = [];
  const pathOf = (location: string): string => {
    const known = paths.get(location);
    if (known) return known;
    const contents = graph.sources.get(location)?.contents;
    if (!contents)
      throw new UnsupportedModelError(`The weights at '${location}' cannot be read by ONNX Runtime here.`);
    const path = `weights-${paths.size}`;
    paths.set(location, path);
    externalData.push({ path, data: contents });
    return path;
  };
  const place: Place = (name, tensor) => relocate(name, tensor, pathOf);
  // ONNX Runtime looks up bytes in memory for the constants of the main graph only.
  const placeInside: Place = (name, tensor) => embed(name, tensor, graph.sources) ?? place(name, tensor);
  const proto = create(ModelProtoSchema, {
    irVersion: BigInt(Math.min(Math.max(graph.irVersion, 7), MAX_IR_VERSION)),
    producerName: "plateau",
    opsetImport: [
      { domain: "", version: BigInt(graph.opset) },
      { domain: "com.microsoft", version: 1n },
    ],
    graph: {
      name: "plateau",
      node: graph.nodes.map((node) => relocateNode(node, place, placeInside)),
      initializer: [...graph.initializers].map(([name, tensor]) => place(name, tensor)),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map((name) => create(ValueInfoProtoSchema, { name })),
    },
  });
  return { graph: toBinary(ModelProtoSchema, proto), externalData };
}

/** The tensor as it is written, under this name. */
type Place = (name: string, tensor: TensorProto) => TensorProto;

/** Attributes can hold constants as well, and subgraphs that hold more of them. */
function relocateNode(node: Node, place: Place, placeInside: Place): Node {
  if (
    node.attribute.every(
      ({ t, g, tensors, graphs }) => !t && !g && tensors.length === 0 && graphs.length === 0,
    )
  ) {
    return node;
  }
  const tensor = (inner: TensorProto) => place(inner.name, inner);
  const graph = (inner: GraphProto): GraphProto =>
    copyMessage(inner, {
      node: inner.node.map((child) => relocateNode(child, placeInside, placeInside)),
      initializer: inner.initializer.map((constant) => placeInside(constant.name, constant)),
    });
  return copyMessage(node, {
    attribute: node.attribute.map((attribute) =>
      copyMessage(attribute, {
        ...(attribute.t && { t: tensor(attribute.t) }),
        ...(attribute.g && { g: graph(attribute.g) }),
        tensors: attribute.tensors.map(tensor),
        graphs: attribute.graphs.map(graph),
      }),
    ),
  });
}

function relocate(name: string, tensor: TensorProto, pathOf: (location: string) => string): TensorProto {
  const pointer = externalPointer(tensor);
  if (!pointer) return tensor.name === name ? tensor : copyMessage(tensor, { name });
  const entry = (key: string, value: string | number) =>
    create(StringStringEntryProtoSchema, { key, value: String(value) });
  return create(TensorProtoSchema, {
    name,
    dims: tensor.dims,
    dataType: tensor.dataType,
    dataLocation: tensor.dataLocation,
    externalData: [
      entry("location", pathOf(pointer.location)),
      entry("offset", pointer.offset),
      ...(pointer.length === null ? [] : [entry("length", pointer.length)]),
    ],
  });
}

/** The tensor with its data inside, or null where that is not in memory or inside already. */
function embed(name: string, tensor: TensorProto, sources: Graph["sources"]): TensorProto | null {
  const pointer = externalPointer(tensor);
  const contents = pointer && sources.get(pointer.location)?.contents;
  if (!(contents instanceof Uint8Array)) return null;
  const { dims, dataType } = tensor;
  const length = pointer!.length ?? byteLength(dataType, elementCount(dimsOf(tensor)));
  const rawData = contents.slice(pointer!.offset, pointer!.offset + length);
  return create(TensorProtoSchema, { name, dims, dataType, rawData });
}

function valueInfo({ name, elementType, dims }: GraphInput) {
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: "tensorType",
        value: {
          elemType: elementType,
          shape: {
            dim: dims.map((dim) => ({
              value:
                typeof dim === "number"
                  ? { case: "dimValue" as const, value: BigInt(dim) }
                  : typeof dim === "string"
                    ? { case: "dimParam" as const, value: dim }
                    : { case: undefined },
            })),
          },
        },
      },
    }),
  });
}
