/** An evaluation in shards as servers run it: in any order, each more than once, nothing kept but text and bytes. */
import type { Graph } from "../../shared/onnx/graph.ts";
import type { Runtime } from "../../shared/runtime.ts";
import type { BlobStore } from "../../shared/shards/blobs.ts";
import { nextShards } from "../../shared/shards/plan.ts";
import { runShard } from "../../shared/shards/run-shard.ts";
import type { JobOptions, Shard } from "../../shared/shards/shard.ts";
import type { Suite } from "../../shared/suites/suite.ts";
import { randomSource } from "./random.ts";

export interface ShardedRun {
  readonly payloads: ReadonlyMap<string, string>;
  /** In the order in which they ran. */
  readonly shards: readonly Shard[];
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/** A runtime that knows how many of its sessions are open. */
export function counting(runtime: Runtime): { readonly runtime: Runtime; readonly open: () => number } {
  const open = new Set<object>();
  return {
    open: () => open.size,
    runtime: {
      ...runtime,
      async createSession(model, options) {
        const session = await runtime.createSession(model, options);
        open.add(session);
        return {
          run: (feeds) => session.run(feeds),
          async dispose() {
            await session.dispose();
            open.delete(session);
          },
        };
      },
    },
  };
}

/** @param times how often each shard runs; what it gives must be the same every time. */
export async function runInShards(
  suite: Suite,
  options: JobOptions,
  given: Runtime,
  openModel: () => Promise<Graph>,
  { seed = 1, times = 2 }: { readonly seed?: number; readonly times?: number } = {},
): Promise<ShardedRun> {
  const random = randomSource(seed);
  const { runtime, open } = counting(given);
  const payloads = new Map<string, string>();
  const held = new Map<string, Uint8Array>();
  const shards: Shard[] = [];
  const blobs: BlobStore = {
    get: (key) => Promise.resolve(held.get(key)?.slice() ?? null),
    put(key, bytes) {
      const before = held.get(key);
      if (before && Buffer.compare(before, bytes) !== 0) throw new Error(`${key} was written differently`);
      held.set(key, bytes.slice());
      return Promise.resolve();
    },
  };
  for (;;) {
    const wave = nextShards(suite, options, payloads);
    if (wave.length === 0) return { payloads, shards, blobs: held };
    const before = new Map(payloads);
    const order = wave
      .flatMap((shard) => Array.from({ length: times }, () => ({ shard, key: random() })))
      .sort((a, b) => a.key - b.key);
    for (const { shard } of order) {
      const payload = await runShard(JSON.parse(JSON.stringify(shard)) as Shard, {
        ...{ suite, options, runtime, blobs },
        openModel: () => openModel(),
        payloads: new Map(shard.needs.map((id) => [id, before.get(id)!])),
      });
      if (open() > 0) throw new Error(`${shard.id} left ${open()} sessions open`);
      const known = payloads.get(shard.id);
      if (known !== undefined && known !== payload) throw new Error(`${shard.id} gave something else`);
      payloads.set(shard.id, payload);
      if (known === undefined) shards.push(shard);
    }
  }
}
