/** What a token has uploaded, from D1. */
import type { OwnCheckpoints } from "../../../shared/api/checkpoints.ts";
import { ApiError } from "../problems/api-error.ts";

interface Row {
  readonly id: string;
  readonly state: "pending" | "complete";
  readonly name: string;
  readonly bytes: number;
  readonly visibility: "private" | "public";
  readonly sha256: string | null;
  readonly parameters: number | null;
  readonly added_at: number;
  readonly expires_at: number | null;
}

const COLUMNS = "id, name, bytes, visibility";

/** Newest first. @throws ApiError 400 for a cursor that is none. */
export async function listOwn(
  database: D1Database,
  owner: string,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  now: number,
): Promise<OwnCheckpoints> {
  const { addedAt, id } = readCursor(cursor);
  // One more than shown tells whether there is a next page.
  const { results } = await database
    .prepare(
      `SELECT * FROM (SELECT ${COLUMNS}, 'complete' AS state, sha256, parameters, added_at, NULL AS expires_at ` +
        "FROM checkpoints WHERE owner = ?1 AND bytes IS NOT NULL AND (added_at, id) < (?2, ?3) UNION ALL " +
        `SELECT ${COLUMNS}, 'pending', NULL, NULL, created_at, expires_at FROM uploads WHERE owner = ?1 ` +
        "AND checkpoint IS NULL AND expires_at > ?4 AND (created_at, id) < (?2, ?3)) " +
        "ORDER BY added_at DESC, id DESC LIMIT ?5",
    )
    .bind(owner, addedAt, id, now, limit + 1)
    .all<Row>();
  const rows = results.slice(0, limit);
  const last = rows.at(-1);
  return {
    checkpoints: rows.map(({ added_at, expires_at, ...row }) => ({
      ...row,
      addedAt: new Date(added_at).toISOString(),
      expiresAt: expires_at === null ? null : new Date(expires_at).toISOString(),
    })),
    next: last && results.length > rows.length ? `${last.added_at}:${last.id}` : null,
  };
}

function readCursor(cursor: string | undefined): { readonly addedAt: number; readonly id: string } {
  if (cursor === undefined) return { addedAt: Number.MAX_SAFE_INTEGER, id: "" };
  const [, addedAt, id] = /^(\d{1,15}):([a-z2-7]{16})$/.exec(cursor) ?? [];
  if (addedAt !== undefined && id !== undefined) return { addedAt: Number(addedAt), id };
  throw new ApiError(
    400,
    "invalid-cursor",
    "query, cursor: not one from `next`; begin at the first page again.",
  );
}
