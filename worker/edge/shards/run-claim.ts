/** Runs a shard that was claimed. */
import { evaluationBlobs } from "../../api/evaluations/blobs.ts";
import { renewLease, type Claim } from "../../api/evaluations/leases.ts";
import type { BlobStore } from "../../../shared/shards/blobs.ts";
import { runShard } from "../../../shared/shards/run-shard.ts";
import type { Held } from "../accounting.ts";
import type { EdgeBindings } from "../environment.ts";
import { memory } from "../runtime.ts";
import type { WasmRuntime } from "../wasm.ts";
import { useModel } from "./models.ts";
import { useSuite } from "./suites.ts";

/** The shard is no longer this claim's: it took too long, or its evaluation has ended. */
export class ClaimLostError extends Error {}

/** Passes after which the claim is renewed: the clock stands still while the isolate computes. */
const RENEWAL = 32;

/** @returns the payload. @throws ClaimLostError, and what `runShard` throws. */
export async function runClaim(
  { DB, BLOBS }: EdgeBindings,
  claim: Claim,
  runtime: WasmRuntime,
): Promise<string> {
  const atEnd: (() => void)[] = [];
  let passes = 0;
  try {
    const suite = await useSuite(BLOBS, claim.suite);
    atEnd.push(suite.done);
    return await runShard(claim.shard, {
      suite: suite.value,
      options: claim.options,
      runtime,
      openModel: async () => {
        const model = await useModel(BLOBS, claim.model);
        atEnd.push(model.done);
        return model.value;
      },
      payloads: await payloadsOf(DB, claim),
      blobs: counted(evaluationBlobs(BLOBS, claim.evaluation), (held) => atEnd.push(held.release)),
      beforePass: async () => {
        // Others get their turn: one thread serves them all.
        await scheduler.wait(0);
        if (++passes % RENEWAL === 0 && !(await renewLease(DB, claim, Date.now())))
          throw new ClaimLostError();
      },
    });
  } finally {
    for (const end of atEnd) end();
  }
}

async function payloadsOf(database: D1Database, { evaluation, shard }: Claim): Promise<Map<string, string>> {
  if (shard.needs.length === 0) return new Map();
  const { results } = await database
    .prepare(
      "SELECT id, payload FROM shards WHERE evaluation = ?1 AND payload IS NOT NULL AND " +
        "id IN (SELECT value FROM json_each(?2))",
    )
    .bind(evaluation, JSON.stringify(shard.needs))
    .all<{ id: string; payload: string }>();
  return new Map(results.map(({ id, payload }) => [id, payload]));
}

/** What is read counts until the shard ends. */
function counted(blobs: BlobStore, onHeld: (held: Held) => void): BlobStore {
  return {
    async get(key) {
      const bytes = await blobs.get(key);
      if (bytes) onHeld(memory.hold("features of sentences", bytes.byteLength));
      return bytes;
    },
    put: blobs.put,
  };
}
