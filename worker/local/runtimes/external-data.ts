/**
 * Points a graph at weight files where they lie. ONNX Runtime maps them into memory itself, so they never pass through
 * JavaScript, nothing is linked or copied, and a session of 300 MB of weights peaks at 1.1 times that.
 *
 * It looks for files below one folder only, and refuses links and paths that lead out of it. The folder here is the
 * deepest one that holds all the files, and every location in the graph must be one of those listed: a model from a
 * stranger reads what it was given and nothing else.
 */
import { realpath } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from "onnx-buf";
import { PlateauError } from "../../../shared/errors.ts";
import type { ModelBytes } from "../../../shared/runtime.ts";

export interface LocatedModel {
  readonly graph: Uint8Array;
  /** Where ONNX Runtime looks for the graph's locations. */
  readonly folder: string;
  readonly inMemory: readonly { readonly path: string; readonly data: Uint8Array }[];
}

/** Without a folder ONNX Runtime would look in the working directory. Nothing lies below what is no folder. */
const nowhere = process.execPath;

/** Throws a `PlateauError` when the graph names external data that is not listed, or a listed file does not exist. */
export async function locateExternalData(model: ModelBytes): Promise<LocatedModel> {
  const files = new Map<string, string>();
  const inMemory = [];
  for (const { path, data } of model.externalData) {
    if (data instanceof Uint8Array) inMemory.push({ path, data });
    else files.set(path, await resolve(data.file));
  }
  if (files.size === 0) return { graph: model.graph, folder: nowhere, inMemory };

  const folder = commonFolder([...files.values()]);
  const bytes = new Map(inMemory.map(({ path, data }) => [path, data]));
  const graph = fromBinary(ModelProtoSchema, model.graph);
  for (const tensor of tensorsOf(graph.graph)) {
    if (tensor.externalData.length === 0) continue;
    const place = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
    const location = place.get("location") ?? "";
    const file = files.get(location);
    const data = bytes.get(location);
    if (file) {
      place.set("location", relative(folder, file));
      tensor.externalData = [...place].map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value }),
      );
    } else if (data) {
      // ONNX Runtime takes its external data either from files or from memory.
      const offset = Number(place.get("offset") ?? 0);
      tensor.rawData = data.slice(offset, offset + Number(place.get("length") ?? data.length - offset));
      tensor.externalData = [];
      tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
    } else {
      throw new PlateauError(
        `Tensor ${tensor.name} lies in ${location}, which is not among the model's files; put it beside the model.`,
      );
    }
  }
  return { graph: toBinary(ModelProtoSchema, graph), folder, inMemory: [] };
}

async function resolve(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (cause) {
    throw new PlateauError(`The weight file ${file} cannot be opened; check that it exists.`, { cause });
  }
}

function commonFolder(files: readonly string[]): string {
  let folder = dirname(files[0]!);
  const holds = (file: string) => relative(folder, file).split(sep)[0] !== "..";
  while (!files.every(holds)) folder = dirname(folder);
  return folder;
}

function* tensorsOf(graph: GraphProto | undefined): Generator<TensorProto> {
  if (!graph) return;
  yield* graph.initializer;
  for (const { values, indices } of graph.sparseInitializer) {
    if (values) yield values;
    if (indices) yield indices;
  }
  for (const node of graph.node) yield* tensorsOfNode(node);
}

function* tensorsOfNode(node: NodeProto): Generator<TensorProto> {
  for (const attribute of node.attribute) {
    if (attribute.t) yield attribute.t;
    yield* attribute.tensors;
    for (const graph of [attribute.g, ...attribute.graphs]) yield* tensorsOf(graph);
  }
}
