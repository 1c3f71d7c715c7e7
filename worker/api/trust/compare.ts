/** Whether a shard gave the same twice: its payloads, and what it left for others. */
import { compareBlobs, comparePayloads, type Agreement } from "../../../shared/shards/compare-payloads.ts";
import type { JobOptions, Shard } from "../../../shared/shards/shard.ts";
import type { Suite } from "../../../shared/suites/suite.ts";
import { evaluationBlobs, listBlobs } from "../evaluations/blobs.ts";

/** What running a shard gave. */
export interface Given {
  readonly payload: string;
  /** The lease below which its blobs lie. */
  readonly blobs: string;
}

export interface CompareContext {
  readonly bucket: R2Bucket;
  readonly evaluation: string;
  readonly shard: Shard;
  readonly suite: Suite;
  readonly options: JobOptions;
  /** Payload of the evaluation's preparing shard: it says how far rounding may lead. */
  readonly prepared: string | undefined;
  /** As in AdvanceOptions. */
  readonly hold: (bytes: number) => { release(): void };
}

export async function compareGiven(context: CompareContext, made: Given, again: Given): Promise<Agreement> {
  const { shard, suite, options, prepared } = context;
  const payloads = comparePayloads(shard, made.payload, again.payload, suite, options, prepared);
  if (!payloads.agrees || shard.spec.kind !== "extract") return payloads;
  return (await compareLeft(context, made, again)) ?? payloads;
}

/** What the features differ in, or how far they lie apart; null where neither left any. */
async function compareLeft(context: CompareContext, made: Given, again: Given): Promise<Agreement | null> {
  const { bucket, evaluation } = context;
  const [first, second] = await Promise.all(
    [made, again].map(({ blobs }) => listBlobs(bucket, evaluation, blobs)),
  );
  const keys = [...first!.keys()].sort();
  if (keys.join() !== [...second!.keys()].sort().join()) {
    const detail = `features of ${first!.size} layers were left, and of ${second!.size} when it was run again`;
    return { agrees: false, detail };
  }
  let found: Agreement | null = null;
  for (const key of keys) {
    const room = context.hold(first!.get(key)! + second!.get(key)!);
    try {
      found = await compareBlob(context, key, made, again);
    } finally {
      room.release();
    }
    if (!found.agrees) return { agrees: false, detail: `${key}: ${found.detail}` };
  }
  return found;
}

async function compareBlob(
  { bucket, evaluation, suite, options, prepared }: CompareContext,
  key: string,
  made: Given,
  again: Given,
): Promise<Agreement> {
  const [a, b] = await Promise.all(
    [made, again].map(({ blobs }) => evaluationBlobs(bucket, evaluation, blobs).get(key)),
  );
  // Blobs go with their evaluation: whoever compares them has nothing to decide any more.
  if (!a || !b) throw new Error(`${key} of ${evaluation} is gone`);
  return compareBlobs(a, b, suite, options, prepared);
}
