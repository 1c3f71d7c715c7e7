/** From `--device` to a runtime. */
import { availableParallelism } from "node:os";
import type { Runtime } from "../../shared/runtime.ts";
import { frugalRuntime } from "./runtimes/frugal.ts";
import { UsageError } from "./usage-error.ts";

export const DEVICES = ["cpu", "cuda", "webgpu", "wasm"] as const;
export type Device = (typeof DEVICES)[number];

export interface Machine {
  readonly runtime: Runtime;
  /** Threads of one run; null where the runtime decides. */
  readonly threads: number | null;
}

/**
 * Starts the runtime of a device.
 *
 * @param threads all cores where absent.
 * @throws RuntimeUnavailableError
 */
export async function startRuntime(device: Device, threads?: number): Promise<Machine> {
  if (device !== "cpu" && threads !== undefined) {
    throw new UsageError(`--threads is for --device cpu; ${device} decides by itself.`);
  }
  if (device === "wasm") {
    const { startNodeWasmRuntime } = await import("./runtimes/wasm.ts");
    return { runtime: await startNodeWasmRuntime(), threads: 1 };
  }
  const { createNodeRuntime } = await import("./runtimes/node.ts");
  const used = threads ?? availableParallelism();
  const runtime = await createNodeRuntime({ device, threads: used });
  return device === "cpu" ? { runtime: frugalRuntime(runtime), threads: used } : { runtime, threads: null };
}
