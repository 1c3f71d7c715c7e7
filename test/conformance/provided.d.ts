import "vitest";

declare module "vitest" {
  export interface ProvidedContext {
    /** Output of `mixer` for `mixerFeeds` in Node's WASM runtime. */
    mixerInNode: number[];
    /** Measures of the toy models in Node's WASM runtime. */
    toyInNode: Record<"mlm" | "clm", Record<string, number>>;
  }
}
