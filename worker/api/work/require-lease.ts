import { findLease, type HeldLease } from "../evaluations/find-lease.ts";
import { ApiError } from "../problems/api-error.ts";
import type { Principal } from "../tokens/principal.ts";

/** @throws ApiError 409 where the lease is not theirs, or holds no more. */
export async function requireLease(
  database: D1Database,
  lease: string,
  { id }: Principal,
  now: number,
): Promise<HeldLease> {
  const held = await findLease(database, lease, id, now);
  if (held) return held;
  throw leaseLost(lease);
}

/** All that is not held looks the same: leases of others are nobody's business. */
export function leaseLost(lease: string): ApiError {
  return new ApiError(
    409,
    "lease-lost",
    `This token holds no lease ${lease}, or no more: it expired, its shard was done or given back, or its evaluation has ` +
      "ended. Drop the shard and claim another.",
  );
}
