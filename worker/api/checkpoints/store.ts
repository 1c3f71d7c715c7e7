/** Checkpoints and their results: rows in D1, whole results in R2. */
import { cardSchema } from "../../../shared/evaluate/card.ts";
import type { Checkpoint } from "../../../shared/api/checkpoints.ts";
import { boardRow, hiddenOf, ROW_COLUMNS, type StoredRow } from "../boards/rows.ts";
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
  readonly bytes: number | null;
  readonly vocabulary: number | null;
}

/** The file of a checkpoint, shared by all that are the same model. */
export function modelKey(sha256: string): string {
  return `models/${sha256}.onnx`;
}

/** Content type of models that are archives. */
export const ARCHIVE = "application/x-tar";

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
  if (!row) throw noSuchCheckpoint(id);
  return {
    id: row.id,
    state: "complete",
    sha256: row.sha256,
    name: row.name,
    run: row.run,
    family: row.family,
    step: row.step,
    parameters: row.parameters,
    visibility: row.visibility,
    bytes: row.bytes,
    vocabulary: row.vocabulary,
    card: row.card === null ? null : cardSchema.parse(JSON.parse(row.card)),
    addedAt: new Date(row.added_at).toISOString(),
    results: results.results.map((each) => {
      const { origin, addedAt, measures, tasks, tiers } = boardRow(each);
      const { suite, result_sha256: resultSha256 } = each;
      return { suite, resultSha256, hidden: hiddenOf(each), origin, addedAt, measures, tasks, tiers };
    }),
  };
}

/** What those who may change a checkpoint need to know of it. */
export type ManagedCheckpoint = Pick<CheckpointRow, "id" | "sha256" | "name" | "card"> & {
  readonly owner: string | null;
};

export async function findManaged(database: D1Database, id: string): Promise<ManagedCheckpoint | null> {
  return database
    .prepare("SELECT id, sha256, owner, name, card FROM checkpoints WHERE id = ?")
    .bind(id)
    .first<ManagedCheckpoint>();
}

/** The id of the owner's checkpoint of this model, if its file is here. */
export async function findOwnCheckpoint(
  database: D1Database,
  owner: string,
  sha256: string,
): Promise<string | null> {
  return database
    .prepare("SELECT id FROM checkpoints WHERE owner = ? AND sha256 = ? AND bytes IS NOT NULL")
    .bind(owner, sha256)
    .first<string>("id");
}

export function noSuchCheckpoint(id: string): ApiError {
  return new ApiError(
    404,
    "no-such-checkpoint",
    `There is no checkpoint ${id}; its board lists those there are.`,
  );
}
