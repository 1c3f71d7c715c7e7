/** Where memory is short, a shard is run again with an empty heap: what others left in it takes room. */
import type { Claim } from "../../api/evaluations/leases.ts";
import { OverBudgetError } from "../accounting.ts";
import type { EdgeBindings } from "../environment.ts";
import type { WasmRuntime } from "../wasm.ts";
import { wantsEmptyHeap } from "./failure.ts";
import { runClaim, type ClaimTerms } from "./run-claim.ts";

/** @returns the payload. @throws as `runClaim` does. */
export async function runWithRoom(
  bindings: EdgeBindings,
  claim: Omit<Claim, "attempt">,
  terms: ClaimTerms,
  runtime: WasmRuntime,
): Promise<string> {
  const lent = runtime.health();
  try {
    return await runClaim(bindings, claim, terms, runtime);
  } catch (error) {
    if (!wantsEmptyHeap(error, lent)) throw error;
    await runtime.restart(error instanceof OverBudgetError ? 0 : undefined);
    return runClaim(bindings, claim, terms, runtime);
  }
}
