import { expect, test } from "vitest";
import { ModelTooBigError } from "../../shared/errors.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { startNodeWasmRuntime } from "../../worker/local/runtimes/wasm.ts";
import { evaluateToy, evaluationSuite } from "./evaluation-suite.ts";
import { runOn, runtimeSuite } from "./runtime-suite.ts";
import { embedding, inMemory, int64, tooBig } from "./tiny-models.ts";

const maxHeapBytes = 64 * 2 ** 20;
const runtime = await startNodeWasmRuntime({ maxHeapBytes });

runtimeSuite("node-wasm", (work) => work(runtime), { float64: true });

evaluationSuite(
  "node-wasm",
  (work) => work(runtime),
  async (objective) => evaluateToy(await createNodeRuntime({ threads: 1 }), objective),
);

test("a model beyond the heap limit says so, and the next one runs", async () => {
  const model = inMemory(tooBig(maxHeapBytes));
  for (let attempt = 0; attempt < 3; attempt++) {
    const refused = runtime.createSession(model);
    await expect(refused).rejects.toThrow(ModelTooBigError);
    await expect(refused).rejects.toThrow("more than the 64 MiB");
  }
  expect(runtime.heapBytes()).toBeLessThanOrEqual(maxHeapBytes);
  const { y } = await runOn(runtime, embedding, { ids: int64([1, 1], [1]) });
  expect(y!.data).toEqual(Float32Array.of(10, 11, 12));
});
