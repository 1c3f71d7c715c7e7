/** Runs a lent worker's shard again, to see whether the same comes out. */
import { findLease } from "../../api/evaluations/find-lease.ts";
import { randomHex } from "../../api/random.ts";
import { lentBlobs } from "../../api/trust/lent-blobs.ts";
import { EDGE, giveBackReplay, leaseEdgeReplay, renewReplay, returnReplay } from "../../api/trust/replays.ts";
import type { EdgeBindings } from "../environment.ts";
import { withRuntime } from "../runtime.ts";
import { failureOf } from "./failure.ts";
import { goOn } from "./go-on.ts";
import { ClaimLostError } from "./run-claim.ts";
import { runWithRoom } from "./run-with-room.ts";

/**
 * What comes to nothing is tried again when the schedule asks for it, and at last by a lent worker.
 *
 * @throws where storage fails.
 */
export async function runReplay(
  bindings: EdgeBindings,
  { evaluation, replay }: { readonly evaluation: string; readonly replay: number },
): Promise<void> {
  const { DB } = bindings;
  await withRuntime(async (runtime) => {
    const held = { replay, lease: randomHex(16) };
    if (!(await leaseEdgeReplay(DB, held, Date.now()))) return;
    const claim = await findLease(DB, held.lease, EDGE, Date.now());
    if (!claim) return;
    const terms = {
      blobs: lentBlobs(bindings, evaluation, held.lease),
      renew: () => renewReplay(DB, held, Date.now()),
    };
    try {
      const payload = await runWithRoom(bindings, claim, terms, runtime);
      await returnReplay(DB, held, payload, Date.now());
    } catch (error) {
      if (error instanceof ClaimLostError) return;
      const incident = randomHex(4);
      const { reason, final } = failureOf(error, runtime.health(), incident);
      // eslint-disable-next-line no-console -- whoever runs the server must be able to find out
      if (!final) console.error(`Incident ${incident}, ${evaluation}, replay of ${claim.shard.id}:`, error);
      await giveBackReplay(DB, held, reason);
    }
  });
  await goOn(bindings, evaluation);
}
