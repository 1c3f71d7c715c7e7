/** Runs a shard that was claimed. */
import { neededPayloads } from "../../api/evaluations/find-lease.ts";
import type { Claim } from "../../api/evaluations/leases.ts";
import type { BlobStore } from "../../../shared/shards/blobs.ts";
import { runShard } from "../../../shared/shards/run-shard.ts";
import type { Held } from "../accounting.ts";
import type { EdgeBindings } from "../environment.ts";
import { FairTurns } from "../fair-turns.ts";
import { memory } from "../runtime.ts";
import type { WasmRuntime } from "../wasm.ts";
import { useModel } from "./models.ts";
import { useSuite } from "./suites.ts";

/** The shard is no longer this claim's: it took too long, or its evaluation has ended. */
export class ClaimLostError extends Error {}

/** Where the shard finds what others left, and how the claim on it is kept. */
export interface ClaimTerms {
  readonly blobs: BlobStore;
  /** Whether the claim still counts; it then lasts longer. */
  readonly renew: () => Promise<boolean>;
}

/** Milliseconds after which the claim is renewed. */
const RENEWAL = 5000;

/** @returns the payload. @throws ClaimLostError, and what `runShard` throws. */
export async function runClaim(
  { DB, BLOBS }: EdgeBindings,
  claim: Omit<Claim, "attempt">,
  { blobs, renew }: ClaimTerms,
  runtime: WasmRuntime,
): Promise<string> {
  const atEnd: (() => void)[] = [];
  const turns = new FairTurns();
  let renewed = Date.now();
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
      payloads: await neededPayloads(DB, claim),
      blobs: counted(blobs, (held) => atEnd.push(held.release)),
      beforePass: async () => {
        await turns.give();
        // It stood still while this isolate computed, and has moved on while others had their turn.
        if (Date.now() - renewed < RENEWAL) return;
        if (!(await renew())) throw new ClaimLostError();
        renewed = Date.now();
      },
    });
  } finally {
    for (const end of atEnd) end();
  }
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
