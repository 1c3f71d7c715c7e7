/**
 * What has to be seen to now and then, whoever asks for it and however often: the schedule in wrangler.toml where the
 * board is hosted, `npm start` where it runs on one machine.
 */
import { dropSessions } from "../accounts/store.ts";
import { recomputeStaleTiers } from "../boards/tiers/recompute.ts";
import type { Bindings } from "../environment.ts";
import { dropCounts } from "../quotas/evaluations.ts";
import { redoLeft } from "../trust/cut-off.ts";
import { expireUploads } from "../uploads/discard.ts";
import { reviveEvaluations } from "./revive-evaluations.ts";
import { reviveReplays } from "./revive-replays.ts";
import { sweepLeftovers } from "./sweep-leftovers.ts";
import { takeBackLeases } from "./take-back-leases.ts";

/**
 * Instead of a schedule: the whole board has just been started, so that nobody is at work and no message is under way.
 * Only whoever runs the server can ask for it.
 */
export const BOOT = "boot";

/** Each for itself: what fails is done the next time, and the others now. @throws where one failed. */
export async function handleScheduled(bindings: Bindings, cron: string, now: number): Promise<void> {
  const tasks: readonly (readonly [string, () => Promise<unknown>])[] = [
    ...(cron === BOOT ? [["taking back leases", () => takeBackLeases(bindings.DB, now)] as const] : []),
    ["discarding what workers did who were cut off", () => redoLeft(bindings)],
    ["going on with evaluations", () => reviveEvaluations(bindings, now)],
    ["checking lent workers", () => reviveReplays(bindings, now)],
    ["throwing away uploads", () => expireUploads(bindings, now)],
    ["throwing away leftovers of evaluations", () => sweepLeftovers(bindings, now)],
    ["forgetting sessions", () => dropSessions(bindings.DB, now)],
    ["forgetting what was counted", () => dropCounts(bindings.DB, now)],
    ["computing tiers", () => recomputeStaleTiers(bindings)],
  ];
  const failures: unknown[] = [];
  for (const [doing, task] of tasks) {
    await task().catch((error: unknown) => {
      failures.push(error);
      // eslint-disable-next-line no-console -- whoever runs the board must see it
      console.error(`Scheduled, ${doing}:`, error);
    });
  }
  if (failures.length > 0) throw new AggregateError(failures, "Not all that was scheduled could be done");
}
