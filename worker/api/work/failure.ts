import type { WorkFailure } from "../../../shared/api/work.ts";
import { failShard } from "../evaluations/leases.ts";
import type { Principal } from "../tokens/principal.ts";
import { giveBackReplay } from "../trust/replays.ts";
import { leaseLost, requireLease } from "./require-lease.ts";

/**
 * `failed`: and the evaluation with it. A replay never is: someone else will run it.
 *
 * @throws ApiError 409 where the lease does not count.
 */
export async function failWork(
  database: D1Database,
  lease: string,
  { reason, final }: WorkFailure,
  principal: Principal,
  now: number,
): Promise<"open" | "failed"> {
  const { evaluation, shard, replay } = await requireLease(database, lease, principal, now);
  if (replay !== null) {
    if (!(await giveBackReplay(database, { replay, lease }, reason))) throw leaseLost(lease);
    return "open";
  }
  const told = { reason, final: final && principal.scopes.includes("admin") };
  const outcome = await failShard(database, { evaluation, shard, lease }, told, now);
  if (outcome === "lost") throw leaseLost(lease);
  return outcome;
}
