/** ONNX Runtime as WebAssembly behind the `Runtime` interface: the same code in workerd and in Node. */
import { ModelTooBigError, PlateauError } from "../../shared/errors.ts";
import type { ExternalData, Runtime, Session } from "../../shared/runtime.ts";
import { ort, ortVersion, startOnnxRuntime, type StartOptions } from "./onnxruntime.ts";
import { Queue } from "../../shared/queue.ts";
import { fromOrt, toOrt } from "../../shared/ort-tensors.ts";

/** ONNX Runtime itself broke down, not what it was given. After a restart it may well do the same work. */
export class RuntimeCrashedError extends PlateauError {}

/**
 * `fresh`: nothing was loaded since it started. `spent`: it ran out of memory, which leaves its own state in doubt.
 * `crashed`: every call throws until it is restarted.
 */
export type Health = "fresh" | "used" | "spent" | "crashed";

export interface WasmRuntime extends Runtime {
  /** Bytes the heap has grown to. It never shrinks: what a disposed session leaves is used by the next one. */
  heapBytes(): number;
  health(): Health;
  /**
   * Begins anew, in milliseconds. Sessions made before cannot be run any more.
   *
   * @param largestHeapBytes a heap that has grown beyond is replaced by a new one; what it may grow to unless given.
   */
  restart(largestHeapBytes?: number): Promise<void>;
}

/**
 * Starts ONNX Runtime; at most once per isolate or process. Sessions and runs throw `ModelTooBigError` where the heap
 * limit is met, and `RuntimeCrashedError` where it breaks down. External data must be bytes.
 */
export async function startWasmRuntime(device: string, options: StartOptions): Promise<WasmRuntime> {
  const engine = await startOnnxRuntime(options);
  // A call of ONNX Runtime holds the WASM stack across awaits, so two must not interleave.
  const calls = new Queue();
  let health: Health = "fresh";
  let generation = 0;

  function call<T>(doing: string, work: () => Promise<T>): Promise<T> {
    return calls.run(async () => {
      if (health === "crashed") throw new RuntimeCrashedError("ONNX Runtime has crashed; start it again.");
      if (health === "fresh") health = "used";
      try {
        return await work();
      } catch (error) {
        if (isOutOfMemory(error)) {
          health = "spent";
          throw tooBig(doing, engine.limitBytes(), error);
        }
        if (isRefusal(error)) throw error;
        health = "crashed";
        throw new RuntimeCrashedError(`ONNX Runtime crashed when ${doing} (${String(error)}).`, {
          cause: error,
        });
      }
    });
  }

  return {
    device,
    version: ortVersion,
    heapBytes: engine.heapBytes,
    health: () => health,

    restart: (largestHeapBytes) =>
      calls.run(async () => {
        generation++;
        engine.restart(largestHeapBytes);
        health = "fresh";
      }),

    async createSession(model, { throwaway = false } = {}) {
      const { session, born } = await call("loading the model", async () => ({
        born: generation,
        session: await ort.InferenceSession.create(model.graph, {
          executionProviders: ["wasm"],
          externalData: model.externalData.map(inMemory),
          graphOptimizationLevel: throwaway ? "disabled" : "all",
          logSeverityLevel: 4,
          extra: { session: { disable_prepacking: throwaway ? "1" : "0" } },
        }),
      }));
      let disposed = false;
      return {
        run: (feeds) =>
          call("running the model", async () => {
            if (born !== generation)
              throw new PlateauError("ONNX Runtime was restarted; load the model again.");
            return fromOrt(await session.run(toOrt(feeds, ort.Tensor)));
          }),
        async dispose() {
          if (disposed) return;
          disposed = true;
          await calls.run(async () => {
            // Of an instance that is gone, or must not be called again, there is nothing to free.
            if (born === generation && health !== "crashed") await session.release();
          });
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

/** Whether ONNX Runtime, or what stands around it, said no: the crashes are traps, stray types and bare numbers. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && (error instanceof PlateauError || error.name === "Error");
}

function tooBig(doing: string, limitBytes: number, cause: unknown): ModelTooBigError {
  return new ModelTooBigError(
    `The model is too big here: ${doing} needs more than the ${Math.floor(limitBytes / 2 ** 20)} MiB that ONNX Runtime ` +
      "may use; take a smaller batch, or evaluate it on a machine of your own.",
    { cause },
  );
}
