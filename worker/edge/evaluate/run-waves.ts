/** A whole evaluation in one request: wave after wave of shards, whose payloads and features stay in memory. */
import { resultSchema, type Result } from "../../../shared/evaluate/result-schema.ts";
import { readModel } from "../../../shared/onnx/read.ts";
import type { BlobStore } from "../../../shared/shards/blobs.ts";
import { finish } from "../../../shared/shards/finish.ts";
import { knownShards } from "../../../shared/shards/plan.ts";
import { runShard, type ShardContext } from "../../../shared/shards/run-shard.ts";
import type { Shard, Stage } from "../../../shared/shards/shard.ts";
import { ApiError } from "../../api/problems/api-error.ts";
import { VERSION } from "../../api/version.ts";
import { OverBudgetError, type Held } from "../accounting.ts";
import { ortVersion } from "../onnxruntime.ts";
import { memory, withRuntime } from "../runtime.ts";
import { wantsEmptyHeap } from "../shards/failure.ts";
import { inMemory } from "../shards/models.ts";
import { RuntimeCrashedError } from "../wasm.ts";
import type { Material } from "./material.ts";

/** Of all shards together: about four minutes of WebAssembly, of the five that a request may compute. */
export const MOST_OPERATIONS = 2.4e12;

export interface WaveHooks {
  /** Before each shard, and once a stage is done. `share`: of the stage, as far as its shards are known. */
  readonly onProgress: (progress: { readonly stage: Stage; readonly share: number }) => void;
  /** Between passes: yields, and throws where the evaluation is to stop. */
  readonly beforePass: () => Promise<void>;
}

/** @throws what `runShard` throws; ApiError 422 where it would take too long; OverBudgetError. */
export async function runWaves(material: Material, hooks: WaveHooks): Promise<Result> {
  const { suite, options, model, bare } = material;
  const started = Date.now();
  const done = new Map<string, string>();
  const blobs = new MemoryBlobs();
  const context = {
    ...{ suite, options, payloads: done, blobs, beforePass: hooks.beforePass },
    openModel: () => readModel(inMemory(model)),
  };
  try {
    for (;;) {
      const known = knownShards(suite, options, done);
      assertAffordable(known);
      const wave = known.filter(({ id }) => !done.has(id));
      if (wave.length === 0) break;
      for (const shard of wave) {
        hooks.onProgress(progressOf(shard.stage, known, done));
        done.set(shard.id, await runWithRoom(shard, context));
      }
      hooks.onProgress(progressOf(wave.at(-1)!.stage, known, done));
    }
    const { modelIdentity, corpusIdentity } = material;
    const result = resultSchema.parse(
      finish(suite, options, done, {
        ...{ model: modelIdentity, card: null, corpusIdentity },
        runtime: { device: "workerd", ort: ortVersion },
        versions: { plateau: VERSION, node: "workerd" },
        threads: 1,
        seconds: (Date.now() - started) / 1000,
      }),
    );
    return bare ? { ...result, suite: null } : result;
  } finally {
    blobs.release();
  }
}

function assertAffordable(known: readonly Shard[]): void {
  const operations = known.reduce((sum, shard) => sum + shard.operations, 0);
  if (operations <= MOST_OPERATIONS) return;
  throw new ApiError(
    422,
    "too-long",
    `This would take about ${operations.toPrecision(2)} operations, and ${MOST_OPERATIONS} are the most that are computed ` +
      "while someone waits; upload the model, evaluate it on a machine of your own, or take fewer examples or directions.",
  );
}

function progressOf(stage: Stage, known: readonly Shard[], done: ReadonlyMap<string, string>) {
  const shards = known.filter((shard) => shard.stage === stage);
  const sum = (some: readonly Shard[]) => some.reduce((total, { operations }) => total + operations, 0);
  const total = sum(shards);
  return { stage, share: total === 0 ? 1 : sum(shards.filter(({ id }) => done.has(id))) / total };
}

/** The runtime is taken shard by shard, so that the queue's shards get their turn in between. */
function runWithRoom(shard: Shard, context: Omit<ShardContext, "runtime">): Promise<string> {
  return withRuntime(async (runtime) => {
    const lent = runtime.health();
    try {
      return await runShard(shard, { ...context, runtime });
    } catch (error) {
      // What others left in the heap takes room; and a crash may have been someone else's doing.
      if (wantsEmptyHeap(error, lent))
        await runtime.restart(error instanceof OverBudgetError ? 0 : undefined);
      else if (error instanceof RuntimeCrashedError) await runtime.restart();
      else throw error;
      return runShard(shard, { ...context, runtime });
    }
  });
}

/** Features of sentences, counted as long as they are kept. */
class MemoryBlobs implements BlobStore {
  readonly #blobs = new Map<string, { readonly bytes: Uint8Array; readonly held: Held }>();

  async get(key: string): Promise<Uint8Array | null> {
    return this.#blobs.get(key)?.bytes ?? null;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.#blobs.get(key)?.held.release();
    this.#blobs.delete(key);
    const held = memory.hold("features of sentences", bytes.byteLength);
    // A copy of its own: what it is a view of may be larger, or change.
    this.#blobs.set(key, { bytes: bytes.slice(), held });
  }

  release(): void {
    for (const { held } of this.#blobs.values()) held.release();
    this.#blobs.clear();
  }
}
