/** Evaluations as D1 has them and as the API shows them. */
import type {
  Evaluation,
  EvaluationEvent,
  EvaluationListQuery,
  EvaluationStage,
  EvaluationState,
  EvaluationSummary,
  Workers,
} from "../../../shared/api/evaluations.ts";
import type { Standing } from "../../../shared/api/work.ts";
import type { Receipt } from "../../../shared/evaluate/result-schema.ts";
import type { JobOptions } from "../../../shared/shards/shard.ts";
import { ApiError } from "../problems/api-error.ts";
import { shareOf } from "./progress.ts";

export interface EvaluationRow {
  readonly id: string;
  readonly checkpoint: string;
  readonly suite: string;
  readonly device: Workers;
  readonly state: EvaluationState;
  readonly stage: EvaluationStage | null;
  readonly reason: string | null;
  readonly attempt: number;
  readonly options: string;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly shards: number;
  readonly shards_done: number;
  readonly operations: number;
  readonly operations_done: number;
  readonly wave: number;
  readonly wave_share: number;
  readonly wave_operations: number;
  readonly busy: number;
  readonly result_sha256: string | null;
  readonly standing: Standing | null;
  readonly receipt: string | null;
}

/** @throws ApiError 404 where there is none. */
export async function requireEvaluation(database: D1Database, id: string): Promise<EvaluationRow> {
  const row = await findEvaluation(database, id);
  if (row) return row;
  throw new ApiError(404, "no-such-evaluation", `There is no evaluation ${id}; GET evaluations lists them.`);
}

export async function findEvaluation(database: D1Database, id: string): Promise<EvaluationRow | null> {
  return database.prepare("SELECT * FROM evaluations WHERE id = ?").bind(id).first<EvaluationRow>();
}

/** The one that is under way; null where there is none. */
export async function findActive(
  database: D1Database,
  checkpoint: string,
  suite: string,
): Promise<EvaluationRow | null> {
  return database
    .prepare(
      "SELECT * FROM evaluations WHERE checkpoint = ? AND suite = ? AND state IN ('queued', 'running')",
    )
    .bind(checkpoint, suite)
    .first<EvaluationRow>();
}

export interface EvaluationPage {
  readonly evaluations: EvaluationSummary[];
  readonly next: string | null;
}

/** The newest first. @param suite with its version. @throws ApiError 400 for a cursor that is none. */
export async function listEvaluations(
  database: D1Database,
  { suite, checkpoint, state, limit, cursor }: EvaluationListQuery,
): Promise<EvaluationPage> {
  const after = readCursor(cursor);
  const filters = Object.entries({ suite, checkpoint, state }).flatMap(([column, value]) =>
    value === undefined ? [] : [{ condition: `${column} = ?`, value }],
  );
  const conditions = [...filters.map(({ condition }) => condition), "(created_at, id) < (?, ?)"];
  // One more than shown tells whether there is a next page.
  const { results } = await database
    .prepare(
      `SELECT * FROM evaluations WHERE ${conditions.join(" AND ")} ORDER BY created_at DESC, id DESC LIMIT ?`,
    )
    .bind(...filters.map(({ value }) => value), after.createdAt, after.id, limit + 1)
    .all<EvaluationRow>();
  const rows = results.slice(0, limit);
  const last = rows.at(-1);
  return {
    evaluations: rows.map(summaryOf),
    next: last && results.length > rows.length ? `${last.created_at}:${last.id}` : null,
  };
}

function readCursor(cursor: string | undefined): { readonly createdAt: number; readonly id: string } {
  if (cursor === undefined) return { createdAt: Number.MAX_SAFE_INTEGER, id: "" };
  const [, createdAt, id] = /^(\d{1,15}):([a-z2-7]{16})$/.exec(cursor) ?? [];
  if (createdAt !== undefined && id !== undefined) return { createdAt: Number(createdAt), id };
  throw new ApiError(
    400,
    "invalid-cursor",
    "query, cursor: not one from `next`; begin at the first page again.",
  );
}

export function evaluationOf(row: EvaluationRow): Evaluation {
  const { seed } = JSON.parse(row.options) as JobOptions;
  const receipt = row.receipt === null ? null : (JSON.parse(row.receipt) as Receipt);
  return { ...summaryOf(row), seed, receipt };
}

export function summaryOf(row: EvaluationRow): EvaluationSummary {
  return {
    ...eventOf(row),
    checkpoint: row.checkpoint,
    suite: row.suite,
    device: row.device,
    createdAt: isoDate(row.created_at),
    startedAt: row.started_at === null ? null : isoDate(row.started_at),
    endedAt: row.ended_at === null ? null : isoDate(row.ended_at),
    shardSeconds: row.busy / 1000,
    resultSha256: row.result_sha256,
  };
}

export function eventOf(row: EvaluationRow): EvaluationEvent {
  const { id, state, stage, reason, attempt } = row;
  const shards = { done: row.shards_done, total: row.shards };
  return { id, state, stage, reason, attempt, progress: { share: shareOf(row), shards } };
}

const isoDate = (milliseconds: number) => new Date(milliseconds).toISOString();
