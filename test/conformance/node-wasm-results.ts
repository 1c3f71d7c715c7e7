/** Runs before the workerd tests: what the same WASM gives in Node. */
import type { TestProject } from "vitest/node";
import { startNodeWasmRuntime } from "../../worker/local/runtimes/wasm.ts";
import { evaluateToy } from "./evaluation-suite.ts";
import { runOn } from "./runtime-suite.ts";
import type {} from "./provided.d.ts";
import { mixer, mixerFeeds } from "./tiny-models.ts";

export async function setup(project: TestProject): Promise<void> {
  const runtime = await startNodeWasmRuntime();
  const { y } = await runOn(runtime, mixer, mixerFeeds);
  project.provide("mixerInNode", Array.from(y!.data as Float32Array));
  project.provide("toyInNode", {
    mlm: await evaluateToy(runtime, "mlm"),
    clm: await evaluateToy(runtime, "clm"),
  });
}
