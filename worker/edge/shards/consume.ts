/** A message of the queue: claim the shard, run it, write what it gave, and see what comes next. */
import { evaluationBlobs } from "../../api/evaluations/blobs.ts";
import { startAfresh } from "../../api/evaluations/forget.ts";
import {
  claimShard,
  completeShard,
  failShard,
  renewLease,
  type Claim,
} from "../../api/evaluations/leases.ts";
import type { ShardMessage } from "../../api/evaluations/messages.ts";
import { randomHex } from "../../api/random.ts";
import { PayloadError } from "../../../shared/shards/payload.ts";
import type { EdgeBindings } from "../environment.ts";
import { withRuntime } from "../runtime.ts";
import type { WasmRuntime } from "../wasm.ts";
import { failureOf } from "./failure.ts";
import { goOn } from "./go-on.ts";
import { runReplay } from "./replay.ts";
import { ClaimLostError } from "./run-claim.ts";
import { runWithRoom } from "./run-with-room.ts";

const DEVICE = "workerd";

/** `retry`: the shard came to nothing, and should be tried again. Anything else needs no message any more. */
export type Consumed = "done" | "retry";

/** @throws where storage fails: the message should then come again. */
export async function consume(
  bindings: EdgeBindings,
  { evaluation, shard, replay }: ShardMessage,
): Promise<Consumed> {
  if (replay !== undefined) {
    await runReplay(bindings, { evaluation, replay });
    return "done";
  }
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
      const blobs = evaluationBlobs(bindings.BLOBS, evaluation);
      const renew = () => renewLease(bindings.DB, claim, Date.now());
      payload = await runWithRoom(bindings, claim, { blobs, renew }, runtime);
    } catch (error) {
      return handleFailure(bindings, claim, runtime, error);
    }
    const { accepted, left } = await completeShard(bindings.DB, claim, payload, Date.now());
    if (accepted && left === 0) await goOn(bindings, evaluation);
    return "done";
  });
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
