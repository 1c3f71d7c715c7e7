/** The native ONNX Runtime: on the processor, on CUDA or on WebGPU. */
import { availableParallelism } from "node:os";
import { RuntimeUnavailableError } from "../../../shared/errors.ts";
import type { Runtime, Session } from "../../../shared/runtime.ts";
import { Queue } from "../../../shared/queue.ts";
import { fromOrt, toOrt } from "../../../shared/ort-tensors.ts";
import { prepareCuda } from "./cuda.ts";
import { locateExternalData } from "./external-data.ts";
import { weightBytes } from "./weight-bytes.ts";
import { smallestModel } from "./smallest-model.ts";

/**
 * Bytes of weights above which they are not packed for products ahead of time: that takes as much memory again, and in
 * passes over hundreds of rows nothing comes of it.
 */
const LARGE = 128 * 2 ** 20;

export type NativeDevice = "cpu" | "cuda" | "webgpu";

export interface NodeRuntimeOptions {
  readonly device?: NativeDevice;
  /** Threads of one run on the processor; default: all cores. */
  readonly threads?: number;
}

/**
 * A runtime on a device that has been seen to work. Throws `RuntimeUnavailableError` when it does not: nothing falls
 * back to the processor, except single operators that the device lacks.
 *
 * Give weights as files where you can: as bytes they take three times their size.
 */
export async function createNodeRuntime({
  device = "cpu",
  threads = availableParallelism(),
}: NodeRuntimeOptions = {}): Promise<Runtime> {
  if (device === "cuda") await prepareCuda();
  const ort = await load();
  const runtime: Runtime = {
    device,
    version: ort.env.versions.node ?? ort.env.versions.common,

    async createSession(model, { throwaway = false } = {}) {
      const { graph, folder, inMemory } = await locateExternalData(model);
      const session = await ort.InferenceSession.create(graph, {
        executionProviders: [device],
        externalData: inMemory,
        graphOptimizationLevel: throwaway ? "disabled" : "all",
        intraOpNumThreads: threads,
        // The arena keeps the largest it ever held; a session that runs once had better give memory back.
        enableCpuMemArena: !throwaway,
        enableMemPattern: !throwaway,
        logSeverityLevel: 4,
        extra: {
          session: {
            // Left alone, ONNX Runtime turns stored integer weights into products that round activations too.
            qdq_matmulnbits_accuracy_level: "1",
            disable_prepacking: throwaway || (await weightBytes(model)) > LARGE ? "1" : "0",
            model_external_initializers_file_folder_path: folder,
          },
        },
      });
      // ONNX Runtime refuses runs that are still waiting when the session goes.
      const calls = new Queue();
      let disposed = false;
      return {
        run: (feeds) => calls.run(async () => fromOrt(await session.run(toOrt(feeds, ort.Tensor)))),
        async dispose() {
          if (disposed) return;
          disposed = true;
          await calls.run(() => session.release());
        },
      } satisfies Session;
    },
  };
  if (device !== "cpu") await probe(runtime);
  return runtime;
}

async function load() {
  try {
    const ort = await import("onnxruntime-node");
    ort.env.logLevel = "fatal";
    return ort;
  } catch (cause) {
    throw new RuntimeUnavailableError(
      `onnxruntime-node does not load on ${process.platform} ${process.arch}; use --device wasm.`,
      { cause },
    );
  }
}

/** Libraries, driver and device show only when something runs. */
async function probe(runtime: Runtime): Promise<void> {
  try {
    const session = await runtime.createSession({ graph: smallestModel(), externalData: [] });
    await session.run({ x: { type: "float32", dims: [1], data: Float32Array.of(1) } });
    await session.dispose();
  } catch (cause) {
    // ONNX Runtime puts its source line and the failed condition first.
    const reason = String(cause instanceof Error ? cause.message : cause)
      .split("was false. ")
      .at(-1)!
      .trim();
    throw new RuntimeUnavailableError(
      `The ${runtime.device} device does not work on this machine (${reason}); ${remedies[runtime.device]}`,
      { cause },
    );
  }
}

const remedies: Record<string, string> = {
  cuda: "install an NVIDIA driver, CUDA 12 and cuDNN 9, or use --device cpu.",
  webgpu: "install a graphics driver with Vulkan (libvulkan.so.1 on Linux), or use --device cpu.",
};
