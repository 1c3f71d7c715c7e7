/** Ranges of a task's examples: work on them can be done apart, and put together in any order. */

export interface Range {
  /** First example, counted from 0. */
  readonly first: number;
  readonly count: number;
}

/** Ranges of `size` examples, the last one maybe shorter, that cover 0 … total − 1. */
export function cut(total: number, size: number): Range[] {
  const ranges: Range[] = [];
  for (let first = 0; first < total; first += size) {
    ranges.push({ first, count: Math.min(size, total - first) });
  }
  return ranges;
}

/**
 * What was done on ranges, in order of their examples, which must be 0 … total − 1. What is there twice is taken once.
 *
 * @throws RangeError where examples are missing, or covered by two different ranges.
 */
export function inOrder<R extends Range>(ranges: readonly R[], total: number): R[] {
  const sorted = [...ranges].sort((a, b) => a.first - b.first || a.count - b.count);
  const kept: R[] = [];
  let next = 0;
  for (const range of sorted) {
    const last = kept.at(-1);
    if (last && last.first === range.first && last.count === range.count) continue;
    if (range.first !== next) {
      throw new RangeError(`a range starts at example ${range.first}, expected one that starts at ${next}`);
    }
    kept.push(range);
    next += range.count;
  }
  if (next !== total) throw new RangeError(`the ranges hold ${next} examples, expected ${total}`);
  return kept;
}

/** Places of the range's examples. @throws RangeError where it is not within `total`. */
export function placesOf({ first, count }: Range, total: number): number[] {
  const isRange = Number.isInteger(first) && Number.isInteger(count) && first >= 0 && count >= 0;
  if (!isRange || first + count > total) {
    throw new RangeError(`no ${count} examples from ${first} on among ${total}`);
  }
  return Array.from({ length: count }, (_, i) => first + i);
}
