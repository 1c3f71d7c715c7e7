/** A WebAssembly module compiled when the Worker was uploaded. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
