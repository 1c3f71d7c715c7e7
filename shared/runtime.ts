/** The one seam between the engine and ONNX Runtime: make a session, run it, dispose of it. */

export type ElementType = "float32" | "float64" | "int64" | "int32" | "uint8" | "bool";

export type TensorData = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;

/** A dense tensor in row-major order; `data.length` is the product of `dims`. */
export interface Tensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

export type Feeds = Readonly<Record<string, Tensor>>;

/**
 * Where the bytes of a model's external tensors are. `path` is the location named in the graph; `data` is the whole
 * of that file, or (native runtimes only) its absolute path, which costs no JavaScript memory.
 */
export interface ExternalData {
  readonly path: string;
  readonly data: Uint8Array | { readonly file: string };
}

/** A graph as serialised ModelProto, and the external data its initialisers point into. */
export interface ModelBytes {
  readonly graph: Uint8Array;
  readonly externalData: readonly ExternalData[];
}

export interface SessionOptions {
  /** Skip graph optimisation and prepacking: for a session that runs once, on a few rows. */
  readonly throwaway?: boolean;
}

export interface Session {
  /** Runs the model once. Outputs are copies that stay valid after the next run. Throws the runtime's own message. */
  run(feeds: Feeds): Promise<Readonly<Record<string, Tensor>>>;
  /** Frees the session; calling it twice is harmless. */
  dispose(): Promise<void>;
}

export interface Runtime {
  /** What a receipt names: `cpu`, `cuda`, `webgpu`, `wasm`, `workerd`. */
  readonly device: string;
  /** Version of ONNX Runtime, such as `1.30.0`. */
  readonly version: string;
  createSession(model: ModelBytes, options?: SessionOptions): Promise<Session>;
  /** Where the thread has others to serve: called every few milliseconds of the engine's own computing. */
  pause?(): Promise<void>;
}
