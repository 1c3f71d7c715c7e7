/** Constants that a rewriting makes itself: their bytes lie beside the graph, so that nothing copies them into it. */
import { create } from "@bufbuild/protobuf";
import {
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  type TensorProto,
} from "onnx-buf";
import type { Graph, Node } from "../onnx/graph.ts";
import { bytesSource } from "../onnx/source.ts";
import {
  byteLength,
  DataType,
  dimsOf,
  elementCount,
  externalPointer,
  type WeightSource,
} from "../onnx/weights.ts";

type Constants = Pick<Graph, "initializers"> & { readonly sources: Map<string, WeightSource> };

/** Adds a float32 constant to a graph whose `sources` are its own. */
export function addConstant(
  graph: Constants,
  name: string,
  dims: readonly number[],
  values: Float32Array,
): void {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  addBytes(graph, name, dims.map(BigInt), DataType.FLOAT, bytes);
}

/**
 * Copies the constants that a graph, whose `sources` are its own, still has in files, and lets go of those: a small
 * constant would hold up the memory of a whole model. Constants inside nodes stay where they are, and so does the rest.
 */
export async function copyConstants(graph: Constants & Pick<Graph, "nodes">): Promise<void> {
  if (graph.nodes.some(hasConstantsInFiles)) return;
  for (const [name, tensor] of graph.initializers) {
    const pointer = externalPointer(tensor);
    if (!pointer || pointer.location.startsWith(OWN)) continue;
    const { dims, dataType } = tensor;
    const length = pointer.length ?? byteLength(dataType, elementCount(dimsOf(tensor)));
    const bytes = await graph.sources.get(pointer.location)!.read(pointer.offset, length);
    addBytes(graph, name, dims, dataType, bytes.slice());
  }
  for (const location of graph.sources.keys()) if (!location.startsWith(OWN)) graph.sources.delete(location);
}

/** Locations of what lies beside the graph. */
const OWN = "plateau:";

function addBytes(
  { initializers, sources }: Constants,
  name: string,
  dims: bigint[],
  dataType: number,
  bytes: Uint8Array,
): void {
  const location = `${OWN}${name}`;
  sources.set(location, { ...bytesSource(bytes), contents: bytes });
  const entry = (key: string, value: string | number) =>
    create(StringStringEntryProtoSchema, { key, value: String(value) });
  initializers.set(
    name,
    create(TensorProtoSchema, {
      name,
      dims,
      dataType,
      dataLocation: DataLocation.EXTERNAL,
      externalData: [entry("location", location), entry("offset", 0), entry("length", bytes.byteLength)],
    }),
  );
}

function hasConstantsInFiles({ attribute }: Pick<Node, "attribute">): boolean {
  const isOutside = (tensor: TensorProto) => externalPointer(tensor) !== null;
  return attribute.some(
    ({ t, tensors, g, graphs }) =>
      (t ? [t, ...tensors] : tensors).some(isOutside) ||
      (g ? [g, ...graphs] : graphs).some(
        ({ initializer, node }) => initializer.some(isOutside) || node.some(hasConstantsInFiles),
      ),
  );
}
