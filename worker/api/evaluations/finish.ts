/** From the payloads of all shards to the row on the board. */
import { cardSchema } from "../../../shared/evaluate/card.ts";
import { resultSchema } from "../../../shared/evaluate/result-schema.ts";
import { finish } from "../../../shared/shards/finish.ts";
import type { Suite } from "../../../shared/suites/suite.ts";
import { rowStatements } from "../boards/row-statements.ts";
import { removeUnneeded } from "../checkpoints/removals.ts";
import { resultKey } from "../checkpoints/store.ts";
import { hex, sha256 } from "../random.ts";
import { requireSuite } from "../suites/store.ts";
import { drawReplays, sendOpenReplays } from "../trust/draw-replays.ts";
import { listMade, toolsOf } from "../trust/made.ts";
import { supersedeOthers } from "../trust/supersede.ts";
import { VERSION } from "../version.ts";
import type { ActiveEvaluation } from "./advance.ts";
import type { EvaluationBindings } from "./bindings.ts";
import { dropBlobs } from "./blobs.ts";
import { dropShards } from "./forget.ts";

export interface FinishInput {
  readonly evaluation: ActiveEvaluation;
  readonly suite: Suite;
  readonly payloads: ReadonlyMap<string, string>;
  readonly now: number;
  /** Version of ONNX Runtime that ran the shards. */
  readonly ort: string;
}

interface CheckpointRow {
  readonly name: string;
  readonly card: string | null;
  readonly sha256: string;
  readonly bytes: number;
  readonly busy: number;
}

/**
 * Where the checkpoint or the evaluation goes meanwhile, nothing is left behind. Twice is once.
 *
 * What lent workers computed is unverified: their payloads stay, and shards are drawn that others run again.
 */
export async function finishEvaluation(bindings: EvaluationBindings, input: FinishInput): Promise<void> {
  const { DB, BLOBS } = bindings;
  const { evaluation, suite, payloads, now, ort } = input;
  const stored = await requireSuite(DB, evaluation.suite.id);
  const checkpoint = await DB.prepare(
    "SELECT c.name, c.card, c.sha256, c.bytes, e.busy FROM evaluations e " +
      "JOIN checkpoints c ON c.id = e.checkpoint WHERE e.id = ?",
  )
    .bind(evaluation.id)
    .first<CheckpointRow>();
  if (!checkpoint) return;
  const { name, card, busy } = checkpoint;
  const lent = evaluation.device === "lent";
  const made = lent ? await listMade(DB, evaluation.id) : [];
  const edge = {
    runtime: { device: "workerd", ort },
    versions: { plateau: VERSION, node: "workerd" },
    threads: 1,
  };
  const result = resultSchema.parse(
    finish(suite, evaluation.options, payloads, {
      model: { file: `${name}.onnx`, sha256: checkpoint.sha256, bytes: checkpoint.bytes },
      card: card === null ? null : cardSchema.parse(JSON.parse(card)),
      corpusIdentity: { file: stored.id, sha256: stored.sha256, bytes: stored.bytes },
      ...(lent ? toolsOf(made) : edge),
      seconds: busy / 1000,
    }),
  );
  const text = JSON.stringify(result);
  const hash = hex(await sha256(text));
  // The row comes last: what it names is there.
  await BLOBS.put(resultKey(hash), text);
  const active = "state IN ('queued', 'running')";
  const choice = {
    // Under another name the row would be another; and payloads may have been discarded meanwhile.
    where:
      `c.id = ?1 AND c.name = ?2 AND EXISTS (SELECT 1 FROM evaluations WHERE id = ?3 AND ${active}) AND ` +
      "(SELECT count(*) FROM shards WHERE evaluation = ?3 AND state = 'done') = ?4 AND NOT EXISTS " +
      "(SELECT 1 FROM shards s JOIN cut_offs o ON o.worker = s.worker WHERE s.evaluation = ?3)",
    bound: [evaluation.checkpoint, name, evaluation.id, payloads.size],
  };
  const [standing, origin] = lent ? (["unverified", "unverified"] as const) : (["edge", "edge"] as const);
  const row = { suite: stored, result, hash, name, origin, addedAt: now } as const;
  const shown = { evaluation: evaluation.id, checkpoint: evaluation.checkpoint, suite: stored.id, hash };
  const draw = lent ? [await drawReplays(DB, { ...shown, made, bytes: checkpoint.bytes, now })] : [];
  const [left] = (
    await DB.batch([
      ...rowStatements(DB, choice, row),
      ...supersedeOthers(DB, shown),
      ...draw,
      DB.prepare(
        `UPDATE evaluations SET state = 'finished', ended_at = ?2, result_sha256 = ?3, receipt = ?4, standing = ?7 ` +
          `WHERE id = ?1 AND ${active} ` +
          "AND EXISTS (SELECT 1 FROM results WHERE suite = ?5 AND checkpoint = ?6 AND result_sha256 = ?3)",
      ).bind(
        ...[evaluation.id, now, hash, JSON.stringify(result.receipt)],
        ...[stored.id, evaluation.checkpoint, standing],
      ),
      dropShards(DB, evaluation.id, "finished"),
      DB.prepare(`SELECT 1 FROM evaluations WHERE id = ? AND ${active}`).bind(evaluation.id),
    ])
  ).at(-1)!.results;
  if (left)
    throw new Error(
      `The checkpoint ${evaluation.checkpoint}, or what is known of it, changed at this moment`,
    );
  await removeUnneeded(bindings, [{ kind: "result", sha256: hash }], now);
  if (lent) await sendOpenReplays(bindings, evaluation.id);
  else await dropBlobs(BLOBS, evaluation.id);
}
