import "vitest";

declare module "vitest" {
  export interface ProvidedContext {
    /** Output of `mixer` for `mixerFeeds` in Node's WASM runtime. */
    mixerInNode: number[];
  }
}
