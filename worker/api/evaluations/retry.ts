/** Tries a failed evaluation again, from where it failed: what is done stays done. */
import { mayManage } from "../checkpoints/access.ts";
import { ApiError } from "../problems/api-error.ts";
import { assertEvaluationsLeft, takeEvaluation } from "../quotas/evaluations.ts";
import type { Principal } from "../tokens/principal.ts";
import type { EvaluationBindings } from "./bindings.ts";
import { wakeSoon } from "./start.ts";
import { findActive, requireEvaluation, type EvaluationRow } from "./store.ts";

/**
 * @param perDay evaluations that whoever asks may have in a day; null: as many as they like.
 * @throws ApiError 404, 403, 429 as asking for one does; 409 where it did not fail, or another one is under way.
 */
export async function retryEvaluation(
  { DB, SHARDS }: EvaluationBindings,
  id: string,
  principal: Principal,
  perDay: number | null,
  now: number,
): Promise<EvaluationRow> {
  const before = await requireEvaluation(DB, id);
  const owner = await DB.prepare("SELECT owner FROM checkpoints WHERE id = ?")
    .bind(before.checkpoint)
    .first<string | null>("owner");
  if (!mayManage(principal, owner)) {
    throw new ApiError(
      403,
      "not-yours",
      `The checkpoint ${before.checkpoint} is not yours; its owner or an admin may have it evaluated.`,
    );
  }
  await assertEvaluationsLeft(DB, principal.id, perDay, now);
  const another =
    "EXISTS (SELECT 1 FROM evaluations a WHERE a.checkpoint = e.checkpoint AND a.suite = e.suite " +
    "AND a.state IN ('queued', 'running'))";
  const [revived] = await DB.batch<EvaluationRow>([
    DB.prepare(
      "UPDATE evaluations AS e SET state = 'queued', reason = NULL, ended_at = NULL, attempt = attempt + 1, " +
        `sent_at = ?2, resent = 0 WHERE id = ?1 AND state = 'failed' AND NOT ${another} RETURNING *`,
    ).bind(id, now),
    DB.prepare(
      "UPDATE shards SET state = CASE state WHEN 'failed' THEN 'open' ELSE state END, attempts = 0, sent_at = 0, " +
        "resent = 0 WHERE evaluation = ?1 AND state IN ('open', 'failed') " +
        "AND (SELECT state FROM evaluations WHERE id = ?1) = 'queued'",
    ).bind(id),
  ]);
  const row = revived!.results[0];
  if (!row) throw await refusal(DB, id);
  await takeEvaluation(DB, principal.id, null, now);
  await wakeSoon(SHARDS, id);
  return row;
}

async function refusal(database: D1Database, id: string): Promise<ApiError> {
  const { state, checkpoint, suite } = await requireEvaluation(database, id);
  if (state !== "failed") {
    return new ApiError(
      409,
      "not-failed",
      `The evaluation ${id} is ${state}; only failed ones can be tried again.`,
    );
  }
  const active = await findActive(database, checkpoint, suite);
  return new ApiError(
    409,
    "already-running",
    `${checkpoint} is being evaluated with ${suite} by ${active?.id ?? "another evaluation"}; follow that one.`,
  );
}
