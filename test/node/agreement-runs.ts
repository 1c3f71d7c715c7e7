/** Shards run by one runtime, and run again by another one from the same payloads and blobs. */
import type { Graph } from "../../shared/onnx/graph.ts";
import type { Runtime } from "../../shared/runtime.ts";
import type { BlobStore } from "../../shared/shards/blobs.ts";
import { nextShards } from "../../shared/shards/plan.ts";
import { PREPARE } from "../../shared/shards/prepared.ts";
import { runShard } from "../../shared/shards/run-shard.ts";
import type { JobOptions, Shard } from "../../shared/shards/shard.ts";
import type { Suite } from "../../shared/suites/suite.ts";

export interface Job {
  readonly suite: Suite;
  readonly options: JobOptions;
  readonly openModel: () => Promise<Graph>;
}

/** A shard, and what it gave twice. */
export interface Twice {
  readonly shard: Shard;
  readonly made: string;
  readonly replayed: string;
  readonly blobs: readonly {
    readonly key: string;
    readonly made: Uint8Array;
    readonly replayed: Uint8Array;
  }[];
}

export interface Replayed {
  readonly job: Job;
  readonly prepared: string;
  readonly shards: readonly Twice[];
}

/** @param wanted which shards; those that the others need are run in any case, once. */
export async function runTwice(
  job: Job,
  first: Runtime,
  second: Runtime,
  wanted: (shard: Shard) => boolean = () => true,
): Promise<Replayed> {
  const { suite, options } = job;
  const payloads = new Map<string, string>();
  const held = new Map<string, Uint8Array>();
  const shards: Twice[] = [];
  for (;;) {
    const wave = nextShards(suite, options, payloads).filter(
      (shard) => wanted(shard) || shard.spec.kind === "prepare",
    );
    if (wave.length === 0) return { job, prepared: payloads.get(PREPARE)!, shards };
    for (const shard of wave) {
      const made = await runOnce(job, shard, first, payloads, held);
      if (wanted(shard)) {
        const replayed = await runOnce(job, shard, second, payloads, held);
        const blobs = [...made.written].map(([key, bytes]) => {
          return { key, made: bytes, replayed: replayed.written.get(key)! };
        });
        shards.push({ shard, made: made.payload, replayed: replayed.payload, blobs });
      }
      payloads.set(shard.id, made.payload);
      for (const [key, bytes] of made.written) held.set(key, bytes);
    }
  }
}

async function runOnce(
  { suite, options, openModel }: Job,
  shard: Shard,
  runtime: Runtime,
  payloads: ReadonlyMap<string, string>,
  held: ReadonlyMap<string, Uint8Array>,
): Promise<{ readonly payload: string; readonly written: ReadonlyMap<string, Uint8Array> }> {
  const written = new Map<string, Uint8Array>();
  const blobs: BlobStore = {
    get: (key) => Promise.resolve(held.get(key)?.slice() ?? null),
    put(key, bytes) {
      written.set(key, bytes.slice());
      return Promise.resolve();
    },
  };
  const payload = await runShard(shard, { suite, options, openModel, runtime, payloads, blobs });
  return { payload, written };
}
