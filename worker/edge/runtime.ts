/** ONNX Runtime in workerd: one per isolate, lent to one evaluation at a time, within what the isolate may take. */
import module from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import type { ModelBytes, Session } from "../../shared/runtime.ts";
import { BASE_BYTES, BUDGET_BYTES, MemoryAccount } from "./accounting.ts";
import { Leases } from "./leases.ts";
import { startWasmRuntime, type WasmRuntime } from "./wasm.ts";

/** An isolate has 128 MB; model bytes and JavaScript need the rest. */
export const heapLimitBytes = 96 * 2 ** 20;

/** A heap that has grown beyond is given back before the next evaluation, whose model needs room beside it. */
const keptHeapBytes = 72 * 2 ** 20;

const leases = new Leases({ wait: (milliseconds) => scheduler.wait(milliseconds) });
let started: Promise<WasmRuntime> | undefined;
let runtimeNow: WasmRuntime | undefined;

/** Of this isolate: what is large counts itself here. */
export const memory = new MemoryAccount({
  budgetBytes: BUDGET_BYTES,
  baseBytes: BASE_BYTES,
  heapBytes: () => runtimeNow?.heapBytes() ?? 0,
});

/**
 * Waits for its turn and lends the isolate's runtime to `work`. Sessions that `work` leaves open are disposed of when
 * it ends. An evaluation that does nothing with the runtime for a minute loses it, and its next call throws. A runtime
 * that crashed, ran out of memory or took a lot of it is restarted before it is lent again.
 *
 * Bytes that are handed to a session and are not counted already are counted while it loads.
 */
export function withRuntime<T>(work: (runtime: WasmRuntime) => Promise<T>): Promise<T> {
  return leases.run(async (lease) => {
    started ??= startWasmRuntime("workerd", {
      module,
      maxHeapBytes: heapLimitBytes,
      allowedHeapBytes: () => memory.heapAllowanceBytes,
    });
    const runtime = (runtimeNow = await started);
    const { health, heapBytes } = runtime;
    if (health() === "crashed" || health() === "spent" || heapBytes() > keptHeapBytes) {
      await runtime.restart(keptHeapBytes);
    }
    const sessions: Session[] = [];
    lease.onEnd(async () => {
      for (const session of sessions) await session.dispose();
    });
    return work({
      ...runtime,
      async createSession(model, options) {
        lease.renew();
        const loading = memory.hold("what the model is loaded from", loadedBytes(model));
        const session = await runtime.createSession(model, options).finally(loading.release);
        sessions.push(session);
        return {
          run(feeds) {
            lease.renew();
            return session.run(feeds);
          },
          dispose: session.dispose,
        };
      },
      restart(largestHeapBytes) {
        lease.renew();
        return runtime.restart(largestHeapBytes);
      },
    });
  });
}

function loadedBytes({ graph, externalData }: ModelBytes): number {
  const buffers = new Set(
    externalData.flatMap(({ data }) => (data instanceof Uint8Array ? [data.buffer] : [])),
  );
  const counted = [...buffers].filter((buffer) => !memory.counted.has(buffer));
  return graph.byteLength + counted.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
