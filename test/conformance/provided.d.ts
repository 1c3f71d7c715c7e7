import "vitest";
import type { Result } from "../../shared/evaluate/result-schema.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Output of `mixer` for `mixerFeeds` in Node's WASM runtime. */
    mixerInNode: number[];
    /** Measures of the toy models in Node's WASM runtime. */
    toyInNode: Record<"mlm" | "clm", Record<string, number>>;
    /** Of a checkpoint of the zoo with the small suite, with native kernels. */
    nativeResult: Result;
  }
}
