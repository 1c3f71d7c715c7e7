/** Cuts pairs into passes: similar lengths together, and within the memory that a pass may take. */
import type { Example } from "../corpus/corpus.ts";
import type { Pair } from "../perturb/sign-feeds.ts";

export interface BatchLimits {
  /** Pairs in a pass at most. */
  readonly pairs: number;
  /** Tokens in a pass at most, padding included; one pair always fits. */
  readonly tokens: number;
  /** Whether examples of different lengths may share a pass (padding is masked). */
  readonly padding: boolean;
}

/** Passes over the pairs. The order within and between passes never changes a pair's own directions. */
export function batches(pairs: readonly Pair[], examples: readonly Example[], limits: BatchLimits): Pair[][] {
  const lengthOf = ({ example }: Pair) => examples[example]!.inputIds.length;
  const sorted = [...pairs].sort((a, b) => lengthOf(a) - lengthOf(b));
  const result: Pair[][] = [];
  let batch: Pair[] = [];
  for (const pair of sorted) {
    const length = lengthOf(pair);
    const full = batch.length >= limits.pairs || (batch.length + 1) * length > limits.tokens;
    const mixed = !limits.padding && batch.length > 0 && lengthOf(batch[0]!) !== length;
    if (batch.length > 0 && (full || mixed)) {
      result.push(batch);
      batch = [];
    }
    batch.push(pair);
  }
  if (batch.length > 0) result.push(batch);
  return result;
}
