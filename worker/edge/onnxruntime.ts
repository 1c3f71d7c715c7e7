/**
 * The one file that knows which WASM build of ONNX Runtime runs and how it is made to start in workerd, whose rules
 * are: no WebAssembly compiled from bytes, and 128 MB for the whole isolate. The choice must match the module that
 * `runtime.ts` imports.
 *
 * The build needs shared memory. `ort-wasm-simd.wasm` of onnxruntime-web 1.18 has plain memory, should that be refused.
 */
import * as ort from "onnxruntime-web/wasm";
import type {} from "./webassembly.d.ts";

export { ort };

/** The package path of the build, for those who read it from disk. */
export const wasmFile = "onnxruntime-web/ort-wasm-simd-threaded.wasm";

const wasmPageBytes = 65536;

/** Stands for the module where ONNX Runtime insists on bytes. */
const marker = Uint8Array.from("the module given", (letter) => letter.charCodeAt(0));

export interface StartOptions {
  /** `wasmFile`, compiled. */
  readonly module: WebAssembly.Module;
  /** The most bytes the heap may grow to. */
  readonly maxHeapBytes: number;
}

/**
 * Starts ONNX Runtime and returns its heap. Call it once: the library keeps a single instance and reads its settings
 * at the start only. Throws when the module does not start.
 */
export async function startOnnxRuntime(options: StartOptions): Promise<WebAssembly.Memory> {
  const { instantiate, Memory } = WebAssembly;
  let heap: WebAssembly.Memory | undefined;
  let started = false;

  ort.env.logLevel = "fatal";
  ort.env.wasm.wasmBinary = marker;
  // The glue in the bundle starts threads in browsers only.
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.proxy = false;

  const maximum = Math.floor(options.maxHeapBytes / wasmPageBytes);
  const replacements = {
    // Without waiting for anything, so that workerd cannot drop the request halfway through.
    async instantiate(source: Uint8Array | WebAssembly.Module, imports?: object) {
      if (!isMarker(source)) return instantiate(source, imports);
      const instance = new WebAssembly.Instance(options.module, imports);
      started = true;
      return { module: options.module, instance };
    },
    Memory: new Proxy(Memory, {
      construct(target, [descriptor]: [WebAssembly.MemoryDescriptor]) {
        const memory = new target({
          ...descriptor,
          maximum: Math.min(maximum, descriptor.maximum ?? maximum),
        });
        if (descriptor.initial > 0) heap = memory;
        return memory;
      },
    }),
  };
  Object.assign(WebAssembly, replacements);
  let refusal: unknown;
  try {
    // Loading happens with the first session. This one cannot be created, being empty.
    await ort.InferenceSession.create(new Uint8Array());
  } catch (error) {
    refusal = error;
  } finally {
    Object.assign(WebAssembly, { instantiate, Memory });
  }
  if (!heap || !started) throw new Error("ONNX Runtime did not start", { cause: refusal });
  return heap;
}

function isMarker(source: unknown): boolean {
  return (
    source instanceof Uint8Array &&
    source.length === marker.length &&
    source.every((byte, index) => byte === marker[index])
  );
}
