/**
 * How much one account, or one token without an account, may use: QUOTA_EVALUATIONS_PER_DAY, QUOTA_STORED_BYTES and
 * QUOTA_PENDING_UPLOADS in wrangler.toml. What is not set is not limited, and nothing is for those who run the board.
 */
import type { Bindings } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";
import type { Principal } from "../tokens/principal.ts";

/** Null: as many as one likes. */
export interface Allowance {
  readonly evaluationsPerDay: number | null;
  readonly storedBytes: number | null;
  readonly pendingUploads: number | null;
}

/** @throws ApiError 503 where the configuration makes no sense. */
export function allowanceOf(env: Bindings, { scopes }: Principal): Allowance {
  const free = scopes.includes("admin");
  const read = (name: keyof Bindings & `QUOTA_${string}`) => (free ? null : numberOf(name, env[name]));
  return {
    evaluationsPerDay: read("QUOTA_EVALUATIONS_PER_DAY"),
    storedBytes: read("QUOTA_STORED_BYTES"),
    pendingUploads: read("QUOTA_PENDING_UPLOADS"),
  };
}

function numberOf(name: string, value: string | number | undefined): number | null {
  if (value === undefined || value === "") return null;
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new ApiError(
    503,
    "quota-misconfigured",
    `${name} is '${String(value).slice(0, 50)}' and not a whole number; whoever runs the board must mend it.`,
  );
}
