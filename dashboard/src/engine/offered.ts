/** What the browser offers to this page. */

/** WebGPU, and WebAssembly that can wait for it (JSPI). Whether there is an adapter only asking tells. */
export const offersWebGpu = (): boolean => "gpu" in navigator && "Suspending" in WebAssembly;
