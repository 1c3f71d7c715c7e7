/** ONNX Runtime in a browser behind the `Runtime` interface. For workers: it keeps whatever thread it runs in busy. */
import { PlateauError, RuntimeUnavailableError } from "../../../shared/errors.ts";
import { fromOrt, toOrt } from "../../../shared/ort-tensors.ts";
import { Queue } from "../../../shared/queue.ts";
import type { ExternalData, Session } from "../../../shared/runtime.ts";
import type { BrowserDevice, Engine } from "./engine.ts";
import { isOutOfMemory, tooBig } from "./out-of-memory.ts";

/** ONNX Runtime itself broke down. The worker that it runs in is of no use any more. */
export class RuntimeCrashedError extends PlateauError {}

/**
 * Starts ONNX Runtime, once per worker.
 *
 * @param threads of the processor; more than one only where the page is cross-origin isolated.
 * @throws RuntimeUnavailableError where the browser lacks something, or its files cannot be had.
 */
export async function startEngine(device: BrowserDevice, threads: number): Promise<Engine> {
  if (device === "webgpu") await requireWebGpu();
  const { ort, files } = await library(device);
  ort.env.logLevel = "fatal";
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.proxy = false;
  // It looks for its files beside the page otherwise.
  ort.env.wasm.wasmPaths = { mjs: absolute(files.mjs), wasm: absolute(files.wasm) };
  const calls = new Queue();
  let crashed = false;

  function call<T>(doing: string, work: () => Promise<T>): Promise<T> {
    return calls.run(async () => {
      if (crashed) throw new RuntimeCrashedError("ONNX Runtime has crashed; begin again.");
      try {
        return await work();
      } catch (error) {
        if (isOutOfMemory(error)) throw tooBig(doing, error);
        if (isNotThere(error)) throw notLoaded(error);
        // Crashes are traps, stray types and bare numbers.
        if (error instanceof Error && (error instanceof PlateauError || error.name === "Error")) throw error;
        crashed = true;
        throw new RuntimeCrashedError(
          `ONNX Runtime crashed when ${doing} (${String(error)}); begin again, perhaps with a smaller batch.`,
          { cause: error },
        );
      }
    });
  }

  return {
    threads,
    on: (device) => ({
      device,
      version: ort.env.versions.web ?? ort.env.versions.common,

      async createSession({ graph, externalData }, { throwaway = false } = {}) {
        const session = await call("loading the model", () =>
          ort.InferenceSession.create(graph, {
            executionProviders: [device],
            externalData: externalData.map(inMemory),
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
            // Of an instance that must not be called again there is nothing to free.
            await calls.run(async () => {
              if (!crashed) await session.release();
            });
          },
        } satisfies Session;
      },
    }),
  };
}

function library(device: BrowserDevice) {
  const loading = device === "wasm" ? import("./ort/wasm.ts") : import("./ort/webgpu.ts");
  return loading.catch((cause: unknown) => {
    throw notLoaded(cause);
  });
}

/** ONNX Runtime fetches the rest of itself when the first session is made. */
function isNotThere(error: unknown): boolean {
  return /no available backend|failed to fetch|networkerror|dynamically imported module/i.test(String(error));
}

function notLoaded(cause: unknown): RuntimeUnavailableError {
  return new RuntimeUnavailableError(
    "The engine could not be loaded: the board does not answer, or has another version by now. Try it again, and if " +
      "that does not help, load the page again.",
    { cause },
  );
}

/** @throws RuntimeUnavailableError naming what is missing. */
async function requireWebGpu(): Promise<void> {
  const missing = (what: string) =>
    new RuntimeUnavailableError(`WebGPU cannot be used here: ${what}. Evaluate on the processor instead.`);
  // Of pages that did not come over a safe connection it is kept away too.
  const gpu = (navigator as { readonly gpu?: { requestAdapter(): Promise<unknown> } }).gpu;
  if (!gpu) throw missing("the browser does not offer it to this page");
  if (!("Suspending" in WebAssembly)) throw missing("the browser’s WebAssembly cannot wait for it (JSPI)");
  if (!(await gpu.requestAdapter().catch(() => null))) throw missing("the browser finds no adapter");
}

const absolute = (address: string) => new URL(address, self.location.href).href;

function inMemory({ path, data }: ExternalData) {
  if (data instanceof Uint8Array) return { path, data };
  throw new PlateauError(`External data ${path} is a file, which WebAssembly cannot open; pass its bytes.`);
}
