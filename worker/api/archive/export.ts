/**
 * All that boards show, as records that `import` takes: suites first, then results. Models are not among them, nor are
 * checkpoints that no board shows, evaluations that did not end, and tokens.
 */
import type { ArchiveRecord, WrittenRecord } from "../../../shared/api/archive.ts";
import type { Origin } from "../../../shared/api/boards.ts";
import type { Card } from "../../../shared/evaluate/card.ts";
import { resultKey } from "../checkpoints/store.ts";
import type { Bindings } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";
import { suiteKey } from "../suites/store.ts";

/** Records of one part: each is a call to storage, of which a request may make 1,000. */
const PART = 200;

/** After which record to go on; the empty text comes before all of its kind. */
interface Position {
  readonly kind: "suite" | "result";
  readonly suite: string;
  readonly checkpoint: string;
}

/** @throws ApiError 400 where it is no cursor. */
export function readPosition(cursor: string | undefined): Position {
  if (cursor === undefined) return { kind: "suite", suite: "", checkpoint: "" };
  const [, kind, suite = "", checkpoint = ""] =
    /^(suite|result):([a-z0-9@-]*):([a-z2-7]*)$/.exec(cursor) ?? [];
  if (kind === "suite" || kind === "result") return { kind, suite, checkpoint };
  throw new ApiError(
    400,
    "invalid-cursor",
    "query, cursor: not one from `next`; begin with the first part again.",
  );
}

/** JSON lines; the last one says where the next part begins. */
export async function* exportRecords(bindings: Bindings, from: Position): AsyncGenerator<string> {
  let left = PART;
  if (from.kind === "suite") {
    const suites = await suitesAfter(bindings.DB, from.suite, left);
    for (const { id, sha256, published_at } of suites) {
      const file = await bindings.BLOBS.get(suiteKey(sha256));
      const head = { kind: "suite", publishedAt: isoDate(published_at) };
      if (file) yield `${JSON.stringify(head).slice(0, -1)},"suite":${(await file.text()).trim()}}\n`;
      yield* missing(file, `suite ${id}`);
    }
    left -= suites.length;
    if (left === 0) {
      yield end({ kind: "suite", suite: suites.at(-1)!.id, checkpoint: "" });
      return;
    }
  }
  const position = from.kind === "result" ? from : { suite: "", checkpoint: "" };
  const results = await resultsAfter(bindings.DB, position, left);
  for (const row of results) {
    const file = await bindings.BLOBS.get(resultKey(row.result_sha256));
    if (file) yield `${JSON.stringify(headOf(row)).slice(0, -1)},"result":${await file.text()}}\n`;
    yield* missing(file, `result of ${row.checkpoint} with ${row.suite}`);
  }
  const last = results.at(-1);
  yield last && results.length === left ? end({ kind: "result", ...last }) : end(null);
}

/** A part without its end is known to be broken off: better than one that lacks something silently. */
function* missing(file: R2ObjectBody | null, what: string): Generator<never> {
  if (!file) throw new ApiError(503, "file-missing", `The file of the ${what} is not in storage.`);
}

function end(position: Position | null): string {
  const next = position && `${position.kind}:${position.suite}:${position.checkpoint}`;
  return `${JSON.stringify({ kind: "end", next } satisfies ArchiveRecord)}\n`;
}

async function suitesAfter(database: D1Database, id: string, limit: number) {
  const query = database.prepare(
    "SELECT id, sha256, published_at FROM suites WHERE id > ? ORDER BY id LIMIT ?",
  );
  return (await query.bind(id, limit).all<{ id: string; sha256: string; published_at: number }>()).results;
}

interface ResultRow {
  readonly suite: string;
  readonly checkpoint: string;
  readonly result_sha256: string;
  readonly added_at: number;
  readonly origin: Origin;
  readonly hidden_reason: string | null;
  readonly hidden_at: number | null;
  readonly owner: string | null;
  readonly visibility: "private" | "public";
  readonly name: string;
  readonly card: string | null;
  readonly checkpoint_added_at: number;
}

/** The record, without its result. */
function headOf(row: ResultRow): Omit<WrittenRecord & { kind: "result" }, "result"> {
  return {
    kind: "result",
    checkpoint: {
      id: row.checkpoint,
      owner: row.owner,
      visibility: row.visibility,
      name: row.name,
      card: row.card === null ? null : (JSON.parse(row.card) as Card),
      addedAt: isoDate(row.checkpoint_added_at),
    },
    addedAt: isoDate(row.added_at),
    origin: row.origin,
    ...(row.hidden_reason !== null && { hidden: { reason: row.hidden_reason, at: isoDate(row.hidden_at!) } }),
  };
}

const isoDate = (milliseconds: number) => new Date(milliseconds).toISOString();

async function resultsAfter(
  database: D1Database,
  { suite, checkpoint }: Pick<Position, "suite" | "checkpoint">,
  limit: number,
) {
  const query = database.prepare(
    "SELECT r.suite, r.checkpoint, r.result_sha256, r.added_at, r.origin, r.hidden_reason, r.hidden_at, c.owner, " +
      "c.visibility, c.name, c.card, c.added_at AS checkpoint_added_at " +
      "FROM results r CROSS JOIN checkpoints c ON c.id = r.checkpoint " +
      "WHERE (r.suite, r.checkpoint) > (?, ?) ORDER BY r.suite, r.checkpoint LIMIT ?",
  );
  return (await query.bind(suite, checkpoint, limit).all<ResultRow>()).results;
}
