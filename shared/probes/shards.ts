/** Pieces of a task: what was computed for a range of its examples, to be put together in any order. */

export interface Shard {
  /** First example, counted from 0. */
  readonly first: number;
  readonly count: number;
}

/**
 * The shards in order of their examples, which must be 0 … total − 1. One that was delivered twice is taken once.
 *
 * @throws RangeError where examples are missing, or covered by two different shards.
 */
export function inOrder<S extends Shard>(shards: readonly S[], total: number): S[] {
  const sorted = [...shards].sort((a, b) => a.first - b.first || a.count - b.count);
  const kept: S[] = [];
  let next = 0;
  for (const shard of sorted) {
    const last = kept.at(-1);
    if (last && last.first === shard.first && last.count === shard.count) continue;
    if (shard.first !== next) {
      throw new RangeError(`a shard starts at example ${shard.first}, expected one that starts at ${next}`);
    }
    kept.push(shard);
    next += shard.count;
  }
  if (next !== total) throw new RangeError(`shards hold ${next} examples, expected ${total}`);
  return kept;
}

/** Places of a shard's examples. @throws RangeError where the range is not within `total`. */
export function rangeOf({ first, count }: Shard, total: number): number[] {
  const isRange = Number.isInteger(first) && Number.isInteger(count) && first >= 0 && count >= 0;
  if (!isRange || first + count > total) {
    throw new RangeError(`no ${count} examples from ${first} on among ${total}`);
  }
  return Array.from({ length: count }, (_, i) => first + i);
}
