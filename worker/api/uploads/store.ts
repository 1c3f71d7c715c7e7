/** Uploads in D1. */
import { LARGEST_MODEL, type NewUpload } from "../../../shared/api/uploads.ts";
import type { Card } from "../../../shared/evaluate/card.ts";
import { ApiError } from "../problems/api-error.ts";
import type { Allowance } from "../quotas/settings.ts";
import { storedOf } from "../quotas/used.ts";
import { randomCheckpointId } from "../random.ts";

/** An upload over a slow line (5 GiB at 60 kB/s) takes a day; what was given up should not lie about for longer. */
export const LIFETIME = 86_400_000;
/** Of one token at a time: enough to send several models side by side, and soon used up by a program that loops. */
export const MOST_PENDING = 16;
/** Of one token at a time: two models of the largest size, or many that the edge can evaluate. */
export const MOST_PENDING_BYTES = 2 * LARGEST_MODEL;

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

/** Begins an upload. @throws ApiError 429 where the owner has too many, or too much, under way or stored. */
export async function addUpload(
  database: D1Database,
  owner: string,
  { name, card, visibility, bytes, sha256 }: NewUpload,
  allowance: Allowance,
  now: number,
): Promise<string> {
  const most = Math.min(MOST_PENDING, allowance.pendingUploads ?? MOST_PENDING);
  const id = randomCheckpointId();
  const pending = "FROM uploads WHERE owner = ?2 AND checkpoint IS NULL AND expires_at > ?8";
  const { meta } = await database
    .prepare(
      "INSERT INTO uploads (id, owner, name, card, visibility, bytes, declared_sha256, created_at, expires_at) " +
        `SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE (SELECT count(*) ${pending}) < ?10 ` +
        `AND (SELECT coalesce(sum(bytes), 0) ${pending}) + ?6 <= ?11 AND (?12 IS NULL OR ?6 + ` +
        `(SELECT coalesce(sum(bytes), 0) ${pending}) + ` +
        "(SELECT coalesce(sum(bytes), 0) FROM checkpoints WHERE owner = ?2) <= ?12)",
    )
    .bind(
      ...[id, owner, name, JSON.stringify(card), visibility, bytes, sha256 ?? null, now, now + LIFETIME],
      ...[most, MOST_PENDING_BYTES, allowance.storedBytes],
    )
    .run();
  if (meta.changes > 0) return id;
  throw await tooMuch(database, owner, { bytes, most, storedBytes: allowance.storedBytes }, now);
}

interface Refused {
  readonly bytes: number;
  /** Uploads under way. */
  readonly most: number;
  readonly storedBytes: number | null;
}

async function tooMuch(
  database: D1Database,
  owner: string,
  { bytes, most, storedBytes }: Refused,
  now: number,
): Promise<ApiError> {
  const { complete, pending, uploads } = await storedOf(database, owner, now);
  if (storedBytes !== null && complete + pending + bytes > storedBytes && uploads < most) {
    return new ApiError(
      429,
      "storage-used-up",
      `This board keeps ${storedBytes} bytes for one account; you have ${complete}, and ${pending} on their way, so that ` +
        `${bytes} more do not fit. Try again once you have DELETEd checkpoints that you no longer need (GET checkpoints ` +
        "lists them), or ask whoever runs the board.",
    );
  }
  const first = await database
    .prepare(
      "SELECT min(expires_at) AS at FROM uploads WHERE owner = ? AND checkpoint IS NULL AND expires_at > ?",
    )
    .bind(owner, now)
    .first<number>("at");
  const seconds = Math.ceil(((first ?? now) - now) / 1000);
  return new ApiError(
    429,
    "too-many-uploads",
    `One account or token may have ${most} uploads under way, of ${MOST_PENDING_BYTES} bytes together, and this one would ` +
      "go beyond. Complete one or DELETE it (GET checkpoints lists them)" +
      (first === null ? "." : `; the oldest is thrown away at ${new Date(first).toISOString()}.`),
    first === null ? {} : { headers: { "Retry-After": String(seconds) } },
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
