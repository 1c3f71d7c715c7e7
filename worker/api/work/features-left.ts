/** Which features an extracting shard leaves for fits, and whether it has left them all. */
import { wantedFamilies } from "../../../shared/evaluate/evaluation-plan.ts";
import { FEATURE_BYTES } from "../../../shared/probes/plan-pieces.ts";
import { sentencePools } from "../../../shared/probes/sentence-pool.ts";
import type { ExtractPiece } from "../../../shared/probes/task-pieces.ts";
import { evaluationOptions } from "../../../shared/shards/job.ts";
import { MOST_LAYERS, PREPARE, readPrepared } from "../../../shared/shards/prepared.ts";
import { readExtracted } from "../../../shared/shards/task-payloads.ts";
import type { Suite } from "../../../shared/suites/suite.ts";
import { listBlobs } from "../evaluations/blobs.ts";
import type { HeldLease } from "../evaluations/find-lease.ts";
import { ApiError } from "../problems/api-error.ts";

/** Bytes of the features of one layer. */
export function featureBytes({ count }: ExtractPiece, { definition }: Suite): number {
  return 4 * count * definition.probeDimensions;
}

/** Layers that a shard of so many sentences can be about: it is planned so that its features fit into memory. */
export function mostStates(piece: ExtractPiece, suite: Suite): number {
  const states = Math.floor(FEATURE_BYTES / featureBytes(piece, suite));
  return piece.count === 1 ? MOST_LAYERS : Math.min(MOST_LAYERS, Math.max(1, states));
}

export function featureKey({ source, pool, first }: ExtractPiece, state: number): string {
  return `features/${source}/${pool}/${first}/${state}`;
}

/**
 * Fits wait for these, and would fail without. Nothing to check for other shards.
 *
 * @throws ApiError 422 where some are missing, or of another size.
 */
export async function assertFeaturesLeft(
  { DB, BLOBS }: { readonly DB: D1Database; readonly BLOBS: R2Bucket },
  { evaluation, shard: { id, spec }, lease, options }: HeldLease,
  payload: string,
  suite: Suite,
): Promise<void> {
  if (spec.kind !== "extract") return;
  const { refusals } = readExtracted(id, spec, suite, payload);
  const { rowsOf } = sentencePools(suite)[spec.pool]!;
  const isWithin = (row: number) => row >= spec.first && row < spec.first + spec.count;
  const asked = [...rowsOf].filter(([, rows]) => rows.some(isWithin)).map(([place]) => place);
  if (asked.every((place) => refusals.has(place))) return;
  const prepared = await DB.prepare("SELECT payload FROM shards WHERE evaluation = ? AND id = ?")
    .bind(evaluation, PREPARE)
    .first<string | null>("payload");
  const { facts } = readPrepared(
    wantedFamilies(evaluationOptions(suite, options)),
    prepared === null ? undefined : prepared,
  );
  const states = spec.source === "random" ? 1 : facts.layers.length;
  const left = await listBlobs(BLOBS, evaluation, lease);
  const bytes = featureBytes(spec, suite);
  for (let state = 0; state < states; state++) {
    const key = featureKey(spec, state);
    const found = left.get(key);
    if (found === bytes) continue;
    throw new ApiError(
      422,
      "wrong-payload",
      `Before its payload ${id} leaves ${states} lists of features of ${bytes} bytes each, and ${key} ` +
        `${found === undefined ? "is missing" : `has ${found}`}; PUT it first.`,
    );
  }
}
