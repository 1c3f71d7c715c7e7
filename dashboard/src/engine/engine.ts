/** What evaluations in a browser run on. */
import type { Runtime } from "../../../shared/runtime.ts";

export type BrowserDevice = "wasm" | "webgpu";

export interface Engine {
  readonly threads: number;
  /** A runtime on a device; `webgpu` only of an engine that was started for it. */
  on(device: BrowserDevice): Runtime;
}
