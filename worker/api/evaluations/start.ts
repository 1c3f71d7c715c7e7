/** Asks for an evaluation. */
import type { Workers } from "../../../shared/api/evaluations.ts";
import { LENT_BATCH, LENT_OPERATIONS } from "../../../shared/api/work.ts";
import type { JobOptions } from "../../../shared/shards/shard.ts";
import { mayManage } from "../checkpoints/access.ts";
import { noSuchCheckpoint } from "../checkpoints/store.ts";
import { ApiError } from "../problems/api-error.ts";
import { assertEvaluationsLeft, hasLeft } from "../quotas/evaluations.ts";
import { randomCheckpointId } from "../random.ts";
import type { StoredSuite } from "../suites/store.ts";
import type { Principal } from "../tokens/principal.ts";
import type { EvaluationBindings } from "./bindings.ts";
import { edgeBatch, LARGEST_EDGE_MODEL } from "../../../shared/api/edge-limits.ts";
import { wake } from "./messages.ts";
import { findActive, requireEvaluation, type EvaluationRow } from "./store.ts";

export interface Started {
  readonly evaluation: EvaluationRow;
  /** False where it was under way already. */
  readonly added: boolean;
}

export interface Wanted {
  readonly checkpoint: string;
  readonly suite: StoredSuite;
  readonly workers: Workers | undefined;
  /** Evaluations that whoever asks may have in a day; null: as many as they like. */
  readonly perDay: number | null;
}

/**
 * @throws ApiError 404 without the checkpoint, 403 where it is someone else's, 422 where there is no file, or one that is
 * too big for the edge, which was asked for; 429 where they have had all that they may have today.
 */
export async function startEvaluation(
  { DB, SHARDS }: EvaluationBindings,
  { checkpoint, suite, workers, perDay }: Wanted,
  principal: Principal,
  now: number,
): Promise<Started> {
  const bytes = await requireFile(DB, checkpoint, principal);
  const device = workers ?? (bytes <= LARGEST_EDGE_MODEL ? "edge" : "lent");
  if (device === "edge") assertFitsEdge(bytes);
  const options = optionsOf(suite, device, bytes);
  const id = randomCheckpointId();
  for (;;) {
    const added = await DB.prepare(
      "INSERT INTO evaluations (id, checkpoint, suite, owner, device, state, options, created_at, sent_at) " +
        "SELECT ?1, id, ?3, ?4, ?7, 'queued', ?5, ?6, ?6 FROM checkpoints WHERE id = ?2 AND bytes IS NOT NULL " +
        `AND ${hasLeft("?4", "?6", "?8")} ` +
        "ON CONFLICT (checkpoint, suite) WHERE state IN ('queued', 'running') DO NOTHING RETURNING id",
    )
      .bind(id, checkpoint, suite.id, principal.id, JSON.stringify(options), now, device, perDay)
      .first();
    if (added) break;
    const active = await findActive(DB, checkpoint, suite.id);
    if (active) return { evaluation: active, added: false };
    await assertEvaluationsLeft(DB, principal.id, perDay, now);
    // It ended at this moment, or the checkpoint went.
    await requireFile(DB, checkpoint, principal);
  }
  await wakeSoon(SHARDS, id);
  return { evaluation: await requireEvaluation(DB, id), added: true };
}

/** A message that is not sent now is sent by the schedule: what counts is in the database. */
export async function wakeSoon(queue: EvaluationBindings["SHARDS"], evaluation: string): Promise<void> {
  await wake(queue, [evaluation]).catch((error: unknown) => {
    // eslint-disable-next-line no-console -- whoever asked cannot do anything about it
    console.error(`No message was sent for the evaluation ${evaluation}:`, error);
  });
}

/** Size of the model's file. */
async function requireFile(database: D1Database, checkpoint: string, principal: Principal): Promise<number> {
  const found = await database
    .prepare("SELECT owner, bytes FROM checkpoints WHERE id = ?")
    .bind(checkpoint)
    .first<{ owner: string | null; bytes: number | null }>();
  if (!found) throw noSuchCheckpoint(checkpoint);
  const { owner, bytes } = found;
  if (!mayManage(principal, owner)) {
    throw new ApiError(
      403,
      "not-yours",
      `The checkpoint ${checkpoint} is not yours; its owner or an admin may have it evaluated.`,
    );
  }
  if (bytes === null) {
    throw new ApiError(
      422,
      "no-file",
      `The checkpoint ${checkpoint} was imported without its model, so there is nothing to evaluate; upload the model.`,
    );
  }
  return bytes;
}

function assertFitsEdge(bytes: number): void {
  if (bytes <= LARGEST_EDGE_MODEL) return;
  throw new ApiError(
    422,
    "too-big",
    `The model has ${bytes} bytes, and the edge evaluates models of up to ${LARGEST_EDGE_MODEL}. Ask for lent workers ` +
      '("workers": "lent"), or evaluate it on a machine of your own (plateau evaluate --suite), and have an admin import ' +
      "the result.",
  );
}

function optionsOf({ seed }: StoredSuite, device: Workers, bytes: number): JobOptions {
  if (device === "edge") return { seed, batch: edgeBatch(bytes) };
  return { seed, batch: LENT_BATCH, operations: LENT_OPERATIONS };
}
