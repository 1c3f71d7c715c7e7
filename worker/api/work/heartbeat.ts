import { renewLease } from "../evaluations/leases.ts";
import type { Principal } from "../tokens/principal.ts";
import { renewReplay } from "../trust/replays.ts";
import { leaseLost, requireLease } from "./require-lease.ts";

/** The lease lasts from now on as long as after the claim. @throws ApiError 409 where it does not count. */
export async function renewWork(
  database: D1Database,
  lease: string,
  principal: Principal,
  now: number,
): Promise<void> {
  const { evaluation, shard, replay } = await requireLease(database, lease, principal, now);
  const renewed =
    replay === null
      ? await renewLease(database, { evaluation, shard, lease }, now)
      : await renewReplay(database, { replay, lease }, now);
  if (!renewed) throw leaseLost(lease);
}
