/** The step that makes an upload a checkpoint. */
import type { ModelSummary } from "./inspect-model.ts";

export interface StoredModel extends ModelSummary {
  readonly sha256: string;
}

/**
 * Answers the checkpoint's id: the owner's earlier one where there is one of the same model, with its card as it is.
 * Null where the upload is gone.
 */
export async function addCheckpoint(
  database: D1Database,
  upload: string,
  { sha256, parameters, vocabulary }: StoredModel,
  now: number,
): Promise<string | null> {
  const [, , last] = await database.batch<{ checkpoint: string | null }>([
    // All from the row: its card may have been sent again since the upload was read.
    database
      .prepare(
        "INSERT INTO checkpoints (id, sha256, owner, name, run, family, step, parameters, card, visibility, added_at, " +
          "bytes, vocabulary) SELECT id, sha256, owner, name, card ->> 'run', card ->> 'family', card ->> 'step', ?3, " +
          "card, visibility, ?5, bytes, ?4 FROM uploads WHERE id = ?1 AND sha256 = ?2 AND checkpoint IS NULL " +
          // One that was imported without its file has it now.
          "ON CONFLICT (owner, sha256) WHERE owner IS NOT NULL DO UPDATE SET bytes = excluded.bytes, " +
          "vocabulary = excluded.vocabulary WHERE bytes IS NULL",
      )
      .bind(upload, sha256, parameters, vocabulary, now),
    database
      .prepare(
        "UPDATE uploads SET checkpoint = (SELECT c.id FROM checkpoints c WHERE c.owner = uploads.owner " +
          "AND c.sha256 = uploads.sha256) WHERE id = ? AND sha256 = ? AND checkpoint IS NULL",
      )
      .bind(upload, sha256),
    database.prepare("SELECT checkpoint FROM uploads WHERE id = ?").bind(upload),
  ]);
  return last!.results[0]?.checkpoint ?? null;
}
