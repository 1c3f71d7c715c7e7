/** A message of the queue: claim the shard, run it, write what it gave, and see what comes next. */
import { advance } from "../../api/evaluations/advance.ts";
import { startAfresh } from "../../api/evaluations/forget.ts";
import { claimShard, completeShard, failShard, type Claim } from "../../api/evaluations/leases.ts";
import type { ShardMessage } from "../../api/evaluations/messages.ts";
import { randomHex } from "../../api/random.ts";
import { OverBudgetError } from "../accounting.ts";
import { PayloadError } from "../../../shared/shards/payload.ts";
import type { EdgeBindings } from "../environment.ts";
import { ortVersion } from "../onnxruntime.ts";
import { withRuntime } from "../runtime.ts";
import type { WasmRuntime } from "../wasm.ts";
import { failureOf, wantsEmptyHeap } from "./failure.ts";
import { ClaimLostError, runClaim } from "./run-claim.ts";
import { useSuite } from "./suites.ts";

const DEVICE = "workerd";

/** `retry`: the shard came to nothing, and should be tried again. Anything else needs no message any more. */
export type Consumed = "done" | "retry";

/** @throws where storage fails: the message should then come again. */
export async function consume(
  bindings: EdgeBindings,
  { evaluation, shard }: ShardMessage,
): Promise<Consumed> {
  if (shard === null) {
    await goOn(bindings, evaluation);
    return "done";
  }
  return withRuntime(async (runtime) => {
    // Only now, when it is this shard's turn: a claim does not last while others are waited for.
    const claim = await claimShard(bindings.DB, { evaluation, shard }, DEVICE, Date.now());
    if (!claim) {
      // Someone has it, or has done it and perhaps failed to see what comes next.
      await goOn(bindings, evaluation);
      return "done";
    }
    let payload: string;
    try {
      payload = await runWithRoom(bindings, claim, runtime);
    } catch (error) {
      return handleFailure(bindings, claim, runtime, error);
    }
    const { accepted, left } = await completeShard(bindings.DB, claim, payload, Date.now());
    if (accepted && left === 0) await goOn(bindings, evaluation);
    return "done";
  });
}

/** Where memory is short, again with an empty heap: what others left in it takes room. */
async function runWithRoom(bindings: EdgeBindings, claim: Claim, runtime: WasmRuntime): Promise<string> {
  const lent = runtime.health();
  try {
    return await runClaim(bindings, claim, runtime);
  } catch (error) {
    if (!wantsEmptyHeap(error, lent)) throw error;
    await runtime.restart(error instanceof OverBudgetError ? 0 : undefined);
    return runClaim(bindings, claim, runtime);
  }
}

async function handleFailure(
  { DB }: EdgeBindings,
  claim: Claim,
  runtime: WasmRuntime,
  error: unknown,
): Promise<Consumed> {
  if (error instanceof ClaimLostError) return "done";
  const incident = randomHex(4);
  const failure = failureOf(error, runtime.health(), incident);
  if (!failure.final) {
    // eslint-disable-next-line no-console -- whoever runs the server must be able to find out
    console.error(
      `Incident ${incident}, ${claim.evaluation}, ${claim.shard.id}, attempt ${claim.attempt}:`,
      error,
    );
  }
  const outcome = await failShard(DB, claim, failure, Date.now());
  // Of another version, perhaps: what the others gave is of no use to a retry.
  if (outcome === "failed" && error instanceof PayloadError)
    await DB.batch(startAfresh(DB, claim.evaluation));
  return outcome === "open" ? "retry" : "done";
}

function goOn(bindings: EdgeBindings, evaluation: string): Promise<void> {
  return advance(bindings, evaluation, {
    now: Date.now(),
    ort: ortVersion,
    withSuite: async (file, work) => {
      const { value, done } = await useSuite(bindings.BLOBS, file);
      try {
        return await work(value);
      } finally {
        done();
      }
    },
  });
}
