/** ONNX Runtime as WebAssembly behind the `Runtime` interface: the same code in workerd and in Node. */
import { ModelTooBigError, PlateauError } from "../../shared/errors.ts";
import type { ExternalData, Runtime, Session } from "../../shared/runtime.ts";
import { ort, startOnnxRuntime, type StartOptions } from "./onnxruntime.ts";
import { Queue } from "./queue.ts";
import { fromOrt, toOrt } from "./tensors.ts";

export interface WasmRuntime extends Runtime {
  /** Bytes the heap has grown to. It never shrinks: what a disposed session leaves is used by the next one. */
  heapBytes(): number;
}

/**
 * Starts ONNX Runtime; at most once per isolate or process. Sessions and runs throw `ModelTooBigError` where the heap
 * limit is met, and the runtime can be used after that. External data must be bytes.
 */
export async function startWasmRuntime(device: string, options: StartOptions): Promise<WasmRuntime> {
  const heap = await startOnnxRuntime(options);
  // A call of ONNX Runtime holds the WASM stack across awaits, so two must not interleave.
  const calls = new Queue();
  let crash: unknown;

  function call<T>(doing: string, work: () => Promise<T>): Promise<T> {
    return calls.run(async () => {
      if (crash) throw new PlateauError("ONNX Runtime has crashed; start it again.", { cause: crash });
      try {
        return await work();
      } catch (error) {
        if (isOutOfMemory(error)) throw tooBig(doing, options.maxHeapBytes, error);
        if (error instanceof WebAssembly.RuntimeError) crash = error;
        throw error;
      }
    });
  }

  return {
    device,
    version: ort.env.versions.web ?? ort.env.versions.common,
    heapBytes: () => heap.buffer.byteLength,

    async createSession(model, { throwaway = false } = {}) {
      const session = await call("loading the model", () =>
        ort.InferenceSession.create(model.graph, {
          executionProviders: ["wasm"],
          externalData: model.externalData.map(inMemory),
          graphOptimizationLevel: throwaway ? "disabled" : "all",
          logSeverityLevel: 4,
          extra: { session: { disable_prepacking: throwaway ? "1" : "0" } },
        }),
      );
      let disposed = false;
      return {
        run: (feeds) =>
          call("running the model", async () => fromOrt(await session.run(toOrt(feeds, ort.Tensor)))),
        async dispose() {
          if (disposed) return;
          disposed = true;
          await call("disposing of the model", () => session.release());
        },
      } satisfies Session;
    },
  };
}

function inMemory({ path, data }: ExternalData) {
  if (data instanceof Uint8Array) return { path, data };
  throw new PlateauError(`External data ${path} is a file, which WebAssembly cannot open; pass its bytes.`);
}

function isOutOfMemory(error: unknown): boolean {
  return /bad_alloc|failed to allocate|out of memory/i.test(String(error));
}

function tooBig(doing: string, limitBytes: number, cause: unknown): ModelTooBigError {
  return new ModelTooBigError(
    `The model is too big here: ${doing} needs more than the ${Math.floor(limitBytes / 2 ** 20)} MiB that ONNX Runtime ` +
      "may use; take a smaller batch, or evaluate it on a machine of your own.",
    { cause },
  );
}
