import { test } from "vitest";
import { RuntimeUnavailableError } from "../../shared/errors.ts";
import { createNodeRuntime, type NativeDevice } from "../../worker/local/runtimes/node.ts";
import { runtimeSuite } from "./runtime-suite.ts";

const devices: readonly NativeDevice[] = ["cpu", "cuda", "webgpu"];

for (const device of devices) {
  try {
    const runtime = await createNodeRuntime({ device, threads: 2 });
    runtimeSuite(`node-${device}`, (work) => work(runtime), { float64: device !== "webgpu" });
  } catch (error) {
    if (!(error instanceof RuntimeUnavailableError)) throw error;
    test.skip(`node-${device}: ${error.message}`, () => {});
  }
}
