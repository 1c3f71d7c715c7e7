/** Which shards of lent workers are run again. */
import { PREPARE } from "../../../shared/shards/prepared.ts";
import type { ShardSpec } from "../../../shared/shards/shard-spec.ts";
import type { Made } from "./made.ts";

/** Besides the preparing shard, on which all others rest. */
export const REPLAYED = 20;
/** Of those, at least so many that measure, where there are as many: traces consist of them, however many fits there are. */
export const REPLAYED_MEASURING = 10;
/** Of every worker that took part, where it has done as many. */
export const REPLAYED_OF_EACH = 3;

/**
 * @param have ids of shards that are being run again, or were, with what they gave still in place.
 * @param random numbers from 0 to below 1 that workers cannot guess.
 * @returns ids of those to be run again besides.
 */
export function drawShards(
  made: readonly Pick<Made, "id" | "worker">[],
  have: ReadonlySet<string>,
  random: () => number,
): string[] {
  const order = shuffled(made, random);
  const drawn = new Set(made.map(({ id }) => id).filter((id) => have.has(id) || id === PREPARE));
  for (const own of Map.groupBy(order, ({ worker }) => worker).values()) {
    let missing = REPLAYED_OF_EACH - own.filter(({ id }) => drawn.has(id)).length;
    for (const { id } of own) {
      if (missing <= 0) break;
      if (drawn.has(id)) continue;
      drawn.add(id);
      missing--;
    }
  }
  let measuring = [...drawn].filter(isMeasuring).length;
  for (const { id } of order) {
    if (measuring >= REPLAYED_MEASURING || drawn.size >= REPLAYED + 1) break;
    if (!isMeasuring(id) || drawn.has(id)) continue;
    drawn.add(id);
    measuring++;
  }
  for (const { id } of order) {
    if (drawn.size >= REPLAYED + 1) break;
    drawn.add(id);
  }
  return [...drawn].filter((id) => !have.has(id));
}

function isMeasuring(id: string): boolean {
  return id.startsWith(`${"measure" satisfies ShardSpec["kind"]}/`);
}

/** Every order is as likely as another (Fisher and Yates). */
function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const order = [...list];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
