import { test } from "vitest";
import { RuntimeUnavailableError } from "../../shared/errors.ts";
import { createNodeRuntime, type NativeDevice } from "../../worker/local/runtimes/node.ts";
import { evaluateToy, evaluationSuite } from "./evaluation-suite.ts";
import { runtimeSuite } from "./runtime-suite.ts";

/** The reference: the processor, one thread. */
const oneThread = createNodeRuntime({ threads: 1 });

const devices: readonly NativeDevice[] = ["cpu", "cuda", "webgpu"];

for (const device of devices) {
  try {
    const runtime = await createNodeRuntime({ device, threads: 2 });
    runtimeSuite(`node-${device}`, (work) => work(runtime), { float64: device !== "webgpu" });
    evaluationSuite(
      `node-${device}`,
      (work) => work(runtime),
      async (objective) => evaluateToy(await oneThread, objective),
    );
  } catch (error) {
    if (!(error instanceof RuntimeUnavailableError)) throw error;
    test.skip(`node-${device}: ${error.message}`, () => {});
  }
}
