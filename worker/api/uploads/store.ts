/** Uploads in D1. */
import type { NewUpload } from "../../../shared/api/uploads.ts";
import type { Card } from "../../../shared/evaluate/card.ts";
import { ApiError } from "../problems/api-error.ts";
import { randomCheckpointId } from "../random.ts";

/** An upload over a slow line (2 GiB at 25 kB/s) takes a day; what was given up should not lie about for longer. */
export const LIFETIME = 86_400_000;
/** Of one token at a time: enough to send several models side by side, and soon used up by a program that loops. */
export const MOST_PENDING = 16;
/** Of one token at a time: two models of the largest size, or many that the edge can evaluate. */
export const MOST_PENDING_BYTES = 4 * 2 ** 30;

export interface UploadRow {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly card: string;
  readonly visibility: "private" | "public";
  readonly bytes: number;
  readonly declared_sha256: string | null;
  readonly sha256: string | null;
  readonly checkpoint: string | null;
  readonly created_at: number;
  readonly expires_at: number;
}

/** Begins an upload. @throws ApiError 429 where the owner has too many, or too much, under way. */
export async function addUpload(
  database: D1Database,
  owner: string,
  { name, card, visibility, bytes, sha256 }: NewUpload,
  now: number,
): Promise<string> {
  const id = randomCheckpointId();
  const pending = "FROM uploads WHERE owner = ?2 AND checkpoint IS NULL AND expires_at > ?8";
  const { meta } = await database
    .prepare(
      "INSERT INTO uploads (id, owner, name, card, visibility, bytes, declared_sha256, created_at, expires_at) " +
        `SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE (SELECT count(*) ${pending}) < ?10 ` +
        `AND (SELECT coalesce(sum(bytes), 0) ${pending}) + ?6 <= ?11`,
    )
    .bind(
      ...[id, owner, name, JSON.stringify(card), visibility, bytes, sha256 ?? null, now, now + LIFETIME],
      ...[MOST_PENDING, MOST_PENDING_BYTES],
    )
    .run();
  if (meta.changes > 0) return id;
  throw new ApiError(
    429,
    "too-many-uploads",
    `A token may have ${MOST_PENDING} uploads under way, of ${MOST_PENDING_BYTES} bytes together, and this one would ` +
      "go beyond. Complete one or DELETE it; GET checkpoints lists them.",
  );
}

/** The owner's pending upload of this very file, with its card and visibility as they are given now. */
export async function resumeUpload(
  database: D1Database,
  owner: string,
  { name, card, visibility, bytes, sha256 }: NewUpload,
  now: number,
): Promise<UploadRow | null> {
  if (sha256 === undefined) return null;
  return database
    .prepare(
      "UPDATE uploads SET name = ?1, card = ?2, visibility = ?3 WHERE id = (SELECT id FROM uploads WHERE owner = ?4 " +
        "AND declared_sha256 = ?5 AND bytes = ?6 AND checkpoint IS NULL AND expires_at > ?7 " +
        "ORDER BY created_at, id LIMIT 1) RETURNING *",
    )
    .bind(name, JSON.stringify(card), visibility, owner, sha256, bytes, now)
    .first<UploadRow>();
}

/** Pending or complete; null where there is none of this owner, or its time is over. */
export async function findUpload(
  database: D1Database,
  id: string,
  owner: string,
  now: number,
): Promise<UploadRow | null> {
  return database
    .prepare("SELECT * FROM uploads WHERE id = ? AND owner = ? AND expires_at > ?")
    .bind(id, owner, now)
    .first<UploadRow>();
}

/** @throws ApiError 404 as `findUpload` answers null. */
export async function requireUpload(
  database: D1Database,
  id: string,
  owner: string,
  now: number,
): Promise<UploadRow> {
  const upload = await findUpload(database, id, owner, now);
  if (upload) return upload;
  throw new ApiError(
    404,
    "no-such-upload",
    `There is no upload ${id} of yours; after ${LIFETIME / 3_600_000} hours they are thrown away. POST checkpoints begins one.`,
  );
}

/** Whether parts may still come. */
export async function isPending(database: D1Database, id: string, now: number): Promise<boolean> {
  const row = await database
    .prepare(
      "SELECT 1 FROM uploads WHERE id = ? AND checkpoint IS NULL AND sha256 IS NULL AND expires_at > ?",
    )
    .bind(id, now)
    .first();
  return row !== null;
}

export function cardOf({ card }: UploadRow): Card {
  return JSON.parse(card) as Card;
}
