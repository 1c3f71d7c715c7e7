/** ONNX Runtime in workerd: one per isolate, lent to one evaluation at a time. */
import module from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import type { Session } from "../../shared/runtime.ts";
import { Leases } from "./leases.ts";
import { startWasmRuntime, type WasmRuntime } from "./wasm.ts";

/** An isolate has 128 MB; model bytes and JavaScript need the rest. */
export const heapLimitBytes = 96 * 2 ** 20;

const leases = new Leases({ wait: (milliseconds) => scheduler.wait(milliseconds) });
let started: Promise<WasmRuntime> | undefined;

/**
 * Waits for its turn and lends the isolate's runtime to `work`. Sessions that `work` leaves open are disposed of when
 * it ends. An evaluation that does nothing with the runtime for a minute loses it, and its next call throws.
 */
export function withRuntime<T>(work: (runtime: WasmRuntime) => Promise<T>): Promise<T> {
  return leases.run(async (lease) => {
    started ??= startWasmRuntime("workerd", { module, maxHeapBytes: heapLimitBytes });
    const runtime = await started;
    const sessions: Session[] = [];
    lease.onEnd(async () => {
      for (const session of sessions) await session.dispose();
    });
    return work({
      ...runtime,
      async createSession(model, options) {
        lease.renew();
        const session = await runtime.createSession(model, options);
        sessions.push(session);
        return {
          run(feeds) {
            lease.renew();
            return session.run(feeds);
          },
          dispose: session.dispose,
        };
      },
    });
  });
}
