/** Constants that a rewriting makes itself: their bytes lie beside the graph, so that nothing copies them into it. */
import { create } from "@bufbuild/protobuf";
import {
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
} from "onnx-buf";
import type { Graph } from "../onnx/graph.ts";
import { bytesSource } from "../onnx/source.ts";
import { DataType, type WeightSource } from "../onnx/weights.ts";

/** Adds a float32 constant to a graph whose `sources` are its own. */
export function addConstant(
  { initializers, sources }: Pick<Graph, "initializers"> & { readonly sources: Map<string, WeightSource> },
  name: string,
  dims: readonly number[],
  values: Float32Array,
): void {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const location = `plateau:${name}`;
  sources.set(location, { ...bytesSource(bytes), contents: bytes });
  const entry = (key: string, value: string | number) =>
    create(StringStringEntryProtoSchema, { key, value: String(value) });
  initializers.set(
    name,
    create(TensorProtoSchema, {
      name,
      dims: dims.map(BigInt),
      dataType: DataType.FLOAT,
      dataLocation: DataLocation.EXTERNAL,
      externalData: [entry("location", location), entry("offset", 0), entry("length", values.byteLength)],
    }),
  );
}
