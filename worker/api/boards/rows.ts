/** Rows of boards, from D1 to what the API shows. */
import { scoresSchema, type BoardRow, type HiddenRow } from "../../../shared/api/boards.ts";

export interface StoredRow {
  readonly checkpoint: string;
  readonly name: string;
  readonly run: string | null;
  readonly family: string | null;
  readonly step: number | null;
  readonly parameters: number;
  readonly model_sha256: string;
  readonly result_sha256: string;
  readonly origin: BoardRow["origin"];
  readonly scores: string;
  readonly added_at: number;
  readonly owner: string | null;
  readonly tiers: string | null;
  readonly hidden_reason: string | null;
  readonly hidden_at: number | null;
}

/** All that `StoredRow` has, of the table called `r`. */
export const ROW_COLUMNS =
  "r.checkpoint, r.name, r.run, r.family, r.step, r.parameters, r.model_sha256, r.result_sha256, r.origin, r.scores, " +
  "r.added_at, (SELECT c.owner FROM checkpoints c WHERE c.id = r.checkpoint) AS owner, r.tiers, " +
  "r.hidden_reason, r.hidden_at";

export function boardRow(row: StoredRow): BoardRow {
  return {
    checkpoint: row.checkpoint,
    name: row.name,
    run: row.run,
    family: row.family,
    step: row.step,
    parameters: row.parameters,
    sha256: row.model_sha256,
    origin: row.origin,
    owner: row.owner,
    addedAt: new Date(row.added_at).toISOString(),
    ...(JSON.parse(row.scores) as Pick<BoardRow, "measures" | "tasks">),
    tiers: row.tiers === null ? {} : (JSON.parse(row.tiers) as BoardRow["tiers"]),
  };
}

/** Why and since when the row is not on its board; null where it is. */
export function hiddenOf({
  hidden_reason: reason,
  hidden_at: at,
}: Pick<StoredRow, "hidden_reason" | "hidden_at">): Pick<HiddenRow, "reason" | "hiddenAt"> | null {
  return reason === null || at === null ? null : { reason, hiddenAt: new Date(at).toISOString() };
}

/** Scores as they are stored: written by this board after validation, so read without. */
export function storedScores(scores: Pick<BoardRow, "measures" | "tasks">): string {
  return JSON.stringify(scoresSchema.parse(scores));
}
