import type { Work } from "../../../shared/api/work.ts";
import { neededPayloads, type HeldLease } from "../evaluations/find-lease.ts";
import { shareOf } from "../evaluations/progress.ts";

/** A lease as its holder is told of it: nothing shows whether someone ran the shard before. */
export async function workOf(database: D1Database, held: HeldLease, leaseSeconds: number): Promise<Work> {
  const { lease, evaluation, checkpoint, shard, options, suite, model, progress } = held;
  return {
    ...{ lease, leaseSeconds, evaluation, checkpoint, shard, options, suite, model },
    payloads: Object.fromEntries(await neededPayloads(database, held)),
    progress: {
      share: shareOf(progress),
      shards: { done: progress.shards_done, total: progress.shards },
    },
  };
}
