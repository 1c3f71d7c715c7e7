/** Rows that an admin takes off a board, and puts back. What is hidden stays known, with the reason. */
import type { HiddenRowOfBoard } from "../../../shared/api/admin.ts";
import { MOST_HIDDEN, type HiddenRow } from "../../../shared/api/boards.ts";
import { ApiError } from "../problems/api-error.ts";
import { hiddenOf, type StoredRow } from "./rows.ts";

/** A row that is hidden. */
type HiddenColumns = Pick<
  StoredRow,
  | "checkpoint"
  | "name"
  | "run"
  | "family"
  | "model_sha256"
  | "origin"
  | "added_at"
  | "hidden_reason"
  | "hidden_at"
>;

const COLUMNS =
  "checkpoint, name, run, family, model_sha256, origin, added_at, hidden_reason, hidden_at FROM results";

/** Hiding a hidden row gives it the new reason. @throws ApiError 404 where the board has no such row. */
export async function hideRow(
  database: D1Database,
  suite: string,
  checkpoint: string,
  reason: string,
  now: number,
): Promise<HiddenRow> {
  const [, , found] = (await database.batch([
    database
      .prepare("UPDATE results SET hidden_reason = ?, hidden_at = ? WHERE suite = ? AND checkpoint = ?")
      .bind(reason, now, suite, checkpoint),
    // What is not ranked has no tiers. By itself: the trigger that counts rows takes no notice of changed tiers.
    database
      .prepare("UPDATE results SET tiers = NULL WHERE suite = ? AND checkpoint = ?")
      .bind(suite, checkpoint),
    database
      .prepare(`SELECT ${COLUMNS} WHERE suite = ? AND checkpoint = ? AND hidden_reason IS NOT NULL`)
      .bind(suite, checkpoint),
  ])) as [D1Result, D1Result, D1Result<HiddenColumns>];
  const row = found.results[0];
  if (!row) throw noSuchRow(suite, checkpoint);
  return hiddenRow(row);
}

/** Showing a row that is shown changes nothing. @throws ApiError 404 where the board has no such row. */
export async function showRow(database: D1Database, suite: string, checkpoint: string): Promise<void> {
  const [there] = await database.batch([
    database.prepare("SELECT 1 FROM results WHERE suite = ? AND checkpoint = ?").bind(suite, checkpoint),
    database
      .prepare(
        "UPDATE results SET hidden_reason = NULL, hidden_at = NULL " +
          "WHERE suite = ? AND checkpoint = ? AND hidden_reason IS NOT NULL",
      )
      .bind(suite, checkpoint),
  ]);
  if (there!.results.length === 0) throw noSuchRow(suite, checkpoint);
}

/** The last one first, at most `MOST_HIDDEN`. */
export async function hiddenRows(database: D1Database, suite: string): Promise<HiddenRow[]> {
  const { results } = await database
    .prepare(
      `SELECT ${COLUMNS} WHERE suite = ? AND hidden_reason IS NOT NULL ORDER BY hidden_at DESC, checkpoint LIMIT ?`,
    )
    .bind(suite, MOST_HIDDEN)
    .all<HiddenColumns>();
  return results.map(hiddenRow);
}

/** Of all boards, the last one first, at most `MOST_HIDDEN`. */
export async function allHiddenRows(database: D1Database): Promise<HiddenRowOfBoard[]> {
  const { results } = await database
    .prepare(
      `SELECT suite, ${COLUMNS} WHERE hidden_reason IS NOT NULL ORDER BY hidden_at DESC, suite, checkpoint LIMIT ?`,
    )
    .bind(MOST_HIDDEN)
    .all<HiddenColumns & { readonly suite: string }>();
  return results.map((row) => ({ suite: row.suite, ...hiddenRow(row) }));
}

function hiddenRow(row: HiddenColumns): HiddenRow {
  return {
    checkpoint: row.checkpoint,
    name: row.name,
    run: row.run,
    family: row.family,
    sha256: row.model_sha256,
    origin: row.origin,
    addedAt: new Date(row.added_at).toISOString(),
    ...hiddenOf(row)!,
  };
}

function noSuchRow(suite: string, checkpoint: string): ApiError {
  return new ApiError(
    404,
    "no-such-row",
    `The board ${suite} has no row of ${checkpoint}; GET boards/${suite} lists those there are.`,
  );
}
