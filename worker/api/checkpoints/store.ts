/** Checkpoints and their results: rows in D1, whole results in R2. */
import { cardSchema } from "../../../shared/evaluate/card.ts";
import type { Checkpoint } from "../../../shared/api/checkpoints.ts";
import { boardRow, ROW_COLUMNS, type StoredRow } from "../boards/rows.ts";
import { ApiError } from "../problems/api-error.ts";

interface CheckpointRow {
  readonly id: string;
  readonly sha256: string;
  readonly name: string;
  readonly run: string | null;
  readonly family: string | null;
  readonly step: number | null;
  readonly parameters: number;
  readonly card: string | null;
  readonly visibility: "private" | "public";
  readonly added_at: number;
}

export function resultKey(sha256: string): string {
  return `results/${sha256}.json`;
}

/** @throws ApiError 404 where there is none. */
export async function requireCheckpoint(database: D1Database, id: string): Promise<Checkpoint> {
  const [found, results] = (await database.batch([
    database.prepare("SELECT * FROM checkpoints WHERE id = ?").bind(id),
    database
      .prepare(`SELECT ${ROW_COLUMNS}, r.suite FROM results r WHERE r.checkpoint = ? ORDER BY r.suite`)
      .bind(id),
  ])) as [D1Result<CheckpointRow>, D1Result<StoredRow & { readonly suite: string }>];
  const row = found.results[0];
  if (!row) {
    throw new ApiError(
      404,
      "no-such-checkpoint",
      `There is no checkpoint ${id}; its board lists those there are.`,
    );
  }
  return {
    id: row.id,
    sha256: row.sha256,
    name: row.name,
    run: row.run,
    family: row.family,
    step: row.step,
    parameters: row.parameters,
    visibility: row.visibility,
    card: row.card === null ? null : cardSchema.parse(JSON.parse(row.card)),
    addedAt: new Date(row.added_at).toISOString(),
    results: results.results.map((each) => {
      const { origin, addedAt, measures, tasks } = boardRow(each);
      return { suite: each.suite, resultSha256: each.result_sha256, origin, addedAt, measures, tasks };
    }),
  };
}

/** @throws ApiError 404 where the checkpoint has none with this suite. */
export async function requireResultHash(
  database: D1Database,
  checkpoint: string,
  suite: string,
): Promise<string> {
  const row = await database
    .prepare("SELECT result_sha256 FROM results WHERE suite = ? AND checkpoint = ?")
    .bind(suite, checkpoint)
    .first<{ result_sha256: string }>();
  if (row) return row.result_sha256;
  throw new ApiError(
    404,
    "no-such-result",
    `The checkpoint ${checkpoint} has no result with ${suite}; GET checkpoints/${checkpoint} lists what it has.`,
  );
}
