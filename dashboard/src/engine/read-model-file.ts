/** A model that the visitor chose: its graph, read by ranges, and the whole of it in memory. */
import { UnsupportedModelError } from "../../../shared/onnx/error.ts";
import type { Graph } from "../../../shared/onnx/graph.ts";
import { readModel } from "../../../shared/onnx/read.ts";
import type { ByteSource } from "../../../shared/onnx/source.ts";
import { Sha256 } from "../../../shared/sha256.ts";
import { bytesOf, FileError } from "./file-bytes.ts";

const BLOCK = 4 * 2 ** 20;

/** Reads ranges: a large file is looked at without being loaded. */
export function fileSource(file: Blob): ByteSource {
  return {
    size: file.size,
    read: async (offset, length) => bytesOf(file.slice(offset, offset + length)),
  };
}

export async function readGraph(file: Blob): Promise<Graph> {
  assertNotEmpty(file);
  return readModel(fileSource(file), { external: refuseExternal });
}

/** The graph, with its weights in memory for ONNX Runtime to take. */
export async function loadGraph(file: Blob): Promise<Graph> {
  assertNotEmpty(file);
  const contents = await bytesOf(file);
  const read = (offset: number, length: number) => contents.subarray(offset, offset + length);
  return readModel({ size: contents.byteLength, contents, read }, { external: refuseExternal });
}

/** @param onProgress bytes that were read. */
export async function hashFile(file: Blob, onProgress?: (bytes: number) => void): Promise<string> {
  const hash = new Sha256();
  for (let offset = 0; offset < file.size; offset += BLOCK) {
    hash.update(await bytesOf(file.slice(offset, offset + BLOCK)));
    onProgress?.(Math.min(file.size, offset + BLOCK));
  }
  return hash.digest();
}

function assertNotEmpty({ size }: Blob): void {
  if (size === 0) throw new FileError("The file is empty. Choose the .onnx file of a model.");
}

async function refuseExternal(location: string): Promise<never> {
  throw new UnsupportedModelError(
    `The model keeps weights in another file, '${location.slice(0, 200)}', and a page is given one file. Choose an ` +
      "archive of both: tar -cf model.tar model.onnx model.onnx.data.",
  );
}
