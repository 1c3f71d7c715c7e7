/** What the worker and the process that runs models say to each other. Bytes pass as they are (advanced serialisation). */
import type { JobOptions, Shard } from "../../../shared/shards/shard.ts";
import type { Device } from "../devices.ts";

/** A file in the cache, by its hash: what was read of it once need not be read again. */
export interface CachedFile {
  readonly sha256: string;
  readonly path: string;
}

/** What a shard takes to run. */
export interface Task {
  readonly shard: Shard;
  readonly options: JobOptions;
  readonly payloads: Readonly<Record<string, string>>;
  readonly suite: CachedFile & { readonly id: string };
  /** Null where the shard needs no model. */
  readonly model: CachedFile | null;
}

export type ToChild =
  | { readonly kind: "start"; readonly device: Device; readonly threads: number | null }
  | { readonly kind: "run"; readonly task: Task }
  /** Answers `get` and `put`; `error` where it failed. */
  | {
      readonly kind: "blob";
      readonly request: number;
      readonly bytes: Uint8Array | null;
      readonly error: string | null;
    };

export type FromChild =
  | { readonly kind: "ready"; readonly device: string; readonly ort: string }
  /** The device does not work on this machine. */
  | { readonly kind: "unavailable"; readonly reason: string }
  | { readonly kind: "get"; readonly request: number; readonly key: string }
  | { readonly kind: "put"; readonly request: number; readonly key: string; readonly bytes: Uint8Array }
  | { readonly kind: "done"; readonly payload: string; readonly seconds: number }
  /** `final`: it would fail on any machine. */
  | { readonly kind: "failed"; readonly reason: string; readonly final: boolean };
