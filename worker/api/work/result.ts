/** What a lent worker's shard gave: checked for its form, whatever the numbers are. */
import type { WorkResult } from "../../../shared/api/work.ts";
import { assertPayload } from "../../../shared/shards/check-payload.ts";
import { PayloadError } from "../../../shared/shards/payload.ts";
import { MAX_PAYLOAD_BYTES } from "../../../shared/shards/shard.ts";
import type { Bindings } from "../environment.ts";
import { completeShard } from "../evaluations/leases.ts";
import { wakeSoon } from "../evaluations/start.ts";
import { ApiError } from "../problems/api-error.ts";
import type { Principal } from "../tokens/principal.ts";
import { returnReplay } from "../trust/replays.ts";
import { assertFeaturesLeft } from "./features-left.ts";
import { loadSuite } from "./lent-suite.ts";
import { leaseLost, requireLease } from "./require-lease.ts";

/** @throws ApiError 409 where the lease does not count, 413, 422 where the payload is not what the shard gives. */
export async function acceptResult(
  { DB, BLOBS, SHARDS }: Bindings,
  lease: string,
  { payload, seconds }: WorkResult,
  principal: Principal,
  now: number,
): Promise<void> {
  const held = await requireLease(DB, lease, principal, now);
  const { evaluation, shard, options, replay } = held;
  const bytes = new TextEncoder().encode(payload).byteLength;
  if (bytes > MAX_PAYLOAD_BYTES) {
    throw new ApiError(
      413,
      "too-large",
      `The payload has ${bytes} bytes; what a shard gives has ${MAX_PAYLOAD_BYTES} at most.`,
    );
  }
  const suite = await loadSuite(BLOBS, held.suite);
  try {
    assertPayload(shard, payload, suite, options);
  } catch (error) {
    if (error instanceof PayloadError) throw new ApiError(422, "wrong-payload", error.message);
    throw error;
  }
  await assertFeaturesLeft({ DB, BLOBS }, held, payload, suite);
  // Reading and checking took a while.
  const end = Date.now();
  if (replay !== null) {
    if (!(await returnReplay(DB, { replay, lease }, payload, end))) throw leaseLost(lease);
    await wakeSoon(SHARDS, evaluation);
    return;
  }
  const told = Math.round(1000 * seconds);
  const { accepted, left } = await completeShard(DB, { evaluation, shard, lease }, payload, end, told);
  if (!accepted) throw leaseLost(lease);
  if (left === 0) await wakeSoon(SHARDS, evaluation);
}
