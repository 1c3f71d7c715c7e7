/**
 * The one file that knows which WASM build of ONNX Runtime runs and how it is made to start in workerd, whose rules
 * are: no WebAssembly compiled from bytes, and 128 MB for the whole isolate. The choice must match the module that
 * `runtime.ts` imports.
 *
 * The build needs shared memory. `ort-wasm-simd.wasm` of onnxruntime-web 1.18 has plain memory, should that be refused.
 */
import * as ort from "onnxruntime-web/wasm";
import { ForwardingExports, type Callable } from "./forwarding-exports.ts";

export { ort };

/** Such as `1.30.0`. */
export const ortVersion = ort.env.versions.web ?? ort.env.versions.common;

/** The package path of the build, for those who read it from disk. */
export const wasmFile = "onnxruntime-web/ort-wasm-simd-threaded.wasm";

const wasmPageBytes = 65536;
/** What the library calls first, and once only: static constructors, then OrtInit. */
const START_CALLS = 2;

interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Stands for the module where ONNX Runtime insists on bytes. */
const marker = Uint8Array.from("the module given", (letter) => letter.charCodeAt(0));

export interface StartOptions {
  /** `wasmFile`, compiled. */
  readonly module: WebAssembly.Module;
  /** The most bytes the heap may ever grow to. */
  readonly maxHeapBytes: number;
  /** The most bytes it may grow to now, asked whenever it grows. */
  readonly allowedHeapBytes?: () => number;
}

export interface OnnxRuntime {
  /** Bytes the heap has grown to. */
  heapBytes(): number;
  /** Bytes the heap may grow to now. */
  limitBytes(): number;
  /**
   * Begins anew, in milliseconds: all sessions are gone, and must not be touched again, not even to be released. For
   * after a crash, and after running out of memory, which leaves the library's own state in doubt.
   *
   * @param largestHeapBytes a heap that has grown beyond is replaced by a new one, and the old one left to the garbage
   * collector; `limitBytes()` unless given. Other heaps keep their size.
   */
  restart(largestHeapBytes?: number): void;
}

/**
 * Starts ONNX Runtime. Call it once: the library keeps a single instance and reads its settings at the start only.
 * Throws when the module does not start.
 *
 * The library neither can be loaded twice nor forgets an instance that crashed. But all it knows of one are the
 * functions it exports and the memory it was given, so these stand for whichever instance and memory there are.
 */
export async function startOnnxRuntime(options: StartOptions): Promise<OnnxRuntime> {
  const { instantiate, Memory } = WebAssembly;
  const { module, maxHeapBytes, allowedHeapBytes = () => maxHeapBytes } = options;
  const limitBytes = () => Math.min(maxHeapBytes, allowedHeapBytes());
  let glue: { readonly imports: WebAssembly.Imports; readonly forwarding: ForwardingExports } | undefined;
  let heapDescriptor: WebAssembly.MemoryDescriptor;
  let heap: WebAssembly.Memory;
  const startCalls: Call[] = [];

  const standIn = {
    get buffer() {
      return heap.buffer;
    },
    grow(pages: number) {
      const bytes = heap.buffer.byteLength + pages * wasmPageBytes;
      if (bytes > limitBytes()) throw new RangeError(`The heap may not grow to ${bytes} bytes`);
      return heap.grow(pages);
    },
  };
  const instantiateWith = (imports: WebAssembly.Imports): WebAssembly.Exports => {
    const real = Object.entries(imports).map(([name, values]) => {
      const entries = Object.entries(values);
      return [
        name,
        Object.fromEntries(
          entries.map(([key, value]) => [key, value === (standIn as unknown) ? heap : value]),
        ),
      ];
    });
    return new WebAssembly.Instance(module, Object.fromEntries(real) as WebAssembly.Imports).exports;
  };

  ort.env.logLevel = "fatal";
  ort.env.wasm.wasmBinary = marker;
  // The glue in the bundle starts threads in browsers only.
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.proxy = false;

  const replacements = {
    // Without waiting for anything, so that workerd cannot drop the request halfway through.
    async instantiate(source: Uint8Array | WebAssembly.Module, imports: WebAssembly.Imports = {}) {
      if (!isMarker(source)) return instantiate(source as WebAssembly.Module, imports);
      const exports = instantiateWith(imports);
      const forwarding = new ForwardingExports(recordingCalls(exports, START_CALLS, startCalls));
      glue = { imports, forwarding };
      return { module, instance: { exports: forwarding.exports } };
    },
    Memory: new Proxy(Memory, {
      construct(target, [asked]: [WebAssembly.MemoryDescriptor]) {
        const maximum = Math.floor(maxHeapBytes / wasmPageBytes);
        const descriptor = { ...asked, maximum: Math.min(maximum, asked.maximum ?? maximum) };
        const memory = new target(descriptor);
        if (asked.initial === 0) return memory;
        heapDescriptor = descriptor;
        heap = memory;
        return standIn;
      },
    }),
  };
  Object.assign(WebAssembly, replacements);
  let refusal: unknown;
  try {
    // Loading happens with the first session. This one cannot be created, being empty.
    await ort.InferenceSession.create(new Uint8Array());
  } catch (error) {
    refusal = error;
  } finally {
    Object.assign(WebAssembly, { instantiate, Memory });
  }
  if (!glue || startCalls.length < START_CALLS) {
    throw new Error("ONNX Runtime did not start", { cause: refusal });
  }
  const { imports, forwarding } = glue;
  const engine = {
    heapBytes: () => heap.buffer.byteLength,
    limitBytes,
    restart(largestHeapBytes = limitBytes()) {
      if (heap.buffer.byteLength > largestHeapBytes) heap = new Memory(heapDescriptor);
      // Zeros are what data segments and the allocator expect to find.
      else new Uint8Array(heap.buffer).fill(0);
      const exports = instantiateWith(imports);
      forwarding.use(exports);
      for (const { name, args } of startCalls) (exports[name] as Callable)(...args);
    },
  };
  // The session that was refused is of no use, and calls need not be recorded any longer.
  engine.restart();
  return engine;
}

/** The exports, whose functions note the first calls from outside: not those made while another runs. */
function recordingCalls(exports: WebAssembly.Exports, most: number, calls: Call[]): WebAssembly.Exports {
  let inside = false;
  const recorded = Object.entries(exports).map(([name, value]) => {
    if (typeof value !== "function") return [name, value];
    const call = (...args: unknown[]) => {
      if (inside) return (value as Callable)(...args);
      if (calls.length < most) calls.push({ name, args });
      inside = true;
      try {
        return (value as Callable)(...args) as unknown;
      } finally {
        inside = false;
      }
    };
    // How many arguments it takes is looked at.
    return [name, Object.defineProperty(call, "length", { value: (value as Callable).length })];
  });
  return Object.fromEntries(recorded) as WebAssembly.Exports;
}

function isMarker(source: unknown): boolean {
  return (
    source instanceof Uint8Array &&
    source.length === marker.length &&
    source.every((byte, index) => byte === marker[index])
  );
}
