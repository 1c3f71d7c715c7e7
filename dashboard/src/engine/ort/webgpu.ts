/**
 * ONNX Runtime for WebGPU, and the processor beside it. Of the two builds there are, this one needs a browser that lets
 * WebAssembly wait for JavaScript (JSPI); the other is larger than static assets may be where boards are hosted.
 */
import * as ort from "onnxruntime-web/jspi";
import mjs from "onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url";

export { ort };
export const files = { mjs, wasm };
