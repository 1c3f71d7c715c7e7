import { recomputeTiers, type TierBindings } from "./recompute.ts";

/** After the answer is out. Where it fails, or takes longer than it may, the scheduled sweep does it. */
export function recomputeSoon(
  {
    env,
    executionCtx,
  }: { readonly env: TierBindings; readonly executionCtx: Pick<ExecutionContext, "waitUntil"> },
  suites: Iterable<string>,
): void {
  for (const suite of new Set(suites)) {
    executionCtx.waitUntil(
      recomputeTiers(env, suite).catch((error: unknown) => {
        // eslint-disable-next-line no-console -- nobody waits for it who could be told
        console.error(`The tiers of ${suite} were not computed:`, error);
      }),
    );
  }
}
