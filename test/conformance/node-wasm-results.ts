/** Runs before the workerd tests: what the same WASM gives in Node. */
import type { TestProject } from "vitest/node";
import { startNodeWasmRuntime } from "../../worker/local/runtimes/wasm.ts";
import { runOn } from "./runtime-suite.ts";
import type {} from "./provided.d.ts";
import { mixer, mixerFeeds } from "./tiny-models.ts";

export async function setup(project: TestProject): Promise<void> {
  const { y } = await runOn(await startNodeWasmRuntime(), mixer, mixerFeeds);
  project.provide("mixerInNode", Array.from(y!.data as Float32Array));
}
