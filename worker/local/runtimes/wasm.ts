/** ONNX Runtime as WebAssembly in Node, single-threaded: the numbers of the edge, bit for bit, on one's own machine. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { ExternalData } from "../../../shared/runtime.ts";
import { wasmFile } from "../../edge/onnxruntime.ts";
import { startWasmRuntime, type WasmRuntime } from "../../edge/wasm.ts";
import type {} from "./webassembly.d.ts";

/**
 * Starts the runtime, at most once per process: ONNX Runtime keeps one instance. Sessions and runs throw
 * `ModelTooBigError` where the heap would exceed `maxHeapBytes`. External data in files is read into memory.
 */
export async function startNodeWasmRuntime({ maxHeapBytes = 2 ** 32 } = {}): Promise<WasmRuntime> {
  const file = createRequire(import.meta.url).resolve(wasmFile);
  const module = await WebAssembly.compile(await readFile(file));
  const runtime = await startWasmRuntime("wasm", { module, maxHeapBytes });
  return {
    ...runtime,
    async createSession(model, options) {
      const externalData = await Promise.all(model.externalData.map(read));
      return runtime.createSession({ ...model, externalData }, options);
    },
  };
}

async function read({ path, data }: ExternalData): Promise<ExternalData> {
  return { path, data: data instanceof Uint8Array ? data : await readFile(data.file) };
}
