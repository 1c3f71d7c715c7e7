/** What workerd adds to the language and this worker uses. */

/** A WebAssembly module compiled when the worker was uploaded. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

declare const scheduler: { wait(milliseconds: number): Promise<void> };
