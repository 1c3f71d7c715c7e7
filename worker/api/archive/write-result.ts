/** A result of an import, from its parts to the rows of its board. */
import type { CheckpointRecord, ResultRecord } from "../../../shared/api/archive.ts";
import type { CheckpointLabels } from "../../../shared/api/imported-result.ts";
import { foldedLabel } from "../../../shared/api/label.ts";
import type { Card } from "../../../shared/evaluate/card.ts";
import { rowStatements, type RowToWrite } from "../boards/row-statements.ts";

export interface ResultToWrite extends Omit<RowToWrite, "name"> {
  readonly checkpoint: Pick<CheckpointRecord, "id" | "owner" | "visibility"> & { readonly addedAt: number };
  readonly card: Card | null;
  readonly labels: CheckpointLabels;
  readonly hidden: ResultRecord["hidden"];
}

/** The checkpoint of a model and an owner: it may have been written with another id at this moment. */
const CHECKPOINT = "c.sha256 = ?1 AND c.owner IS ?2";

/** Writes checkpoint, row and scores at once. @returns the checkpoint's id. */
export async function writeResult(database: D1Database, input: ResultToWrite): Promise<string> {
  const { checkpoint, card, labels, hidden, ...row } = input;
  const { sha256: model, parameters } = row.result.checkpoint;
  const { id, owner, visibility } = checkpoint;
  const { name, run, family, step } = labels;
  const choice = { where: CHECKPOINT, bound: [model, owner] };
  const ids = `(SELECT c.id FROM checkpoints c WHERE ${CHECKPOINT})`;
  const results = await database.batch<{ id: string }>([
    database
      .prepare(
        "INSERT INTO checkpoints (sha256, owner, id, name, run, family, step, parameters, card, visibility, added_at) " +
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) " +
          `ON CONFLICT ${owner === null ? "(sha256) WHERE owner IS NULL" : "(owner, sha256) WHERE owner IS NOT NULL"} ` +
          "DO UPDATE SET name = ?4, run = ?5, family = ?6, step = ?7, card = ?9",
      )
      .bind(
        ...[model, owner, id, name, run, family, step, parameters],
        ...[card === null ? null : JSON.stringify(card), visibility, checkpoint.addedAt],
      ),
    ...rowStatements(database, choice, { ...row, name }),
    ...(hidden
      ? [
          database
            .prepare(
              `UPDATE results SET hidden_reason = ?4, hidden_at = ?5 WHERE suite = ?3 AND checkpoint IN ${ids}`,
            )
            .bind(model, owner, row.suite.id, hidden.reason, Date.parse(hidden.at)),
        ]
      : []),
    // Rows on other boards are of the same checkpoint, so its newest card is theirs too.
    database
      .prepare(
        "UPDATE results SET name = ?3, folded_name = ?4, run = ?5, family = ?6, step = ?7 " +
          `WHERE checkpoint IN ${ids}`,
      )
      .bind(model, owner, name, foldedLabel(name), run, family, step),
    database.prepare(`SELECT c.id FROM checkpoints c WHERE ${CHECKPOINT}`).bind(model, owner),
  ]);
  return results.at(-1)!.results[0]!.id;
}
