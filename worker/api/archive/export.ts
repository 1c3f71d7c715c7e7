/** All that a board shows, as records that `import` takes: suites first, then results. */
import type { ArchiveRecord } from "../../../shared/api/archive.ts";
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
    for (const { id, sha256 } of suites) {
      const file = await bindings.BLOBS.get(suiteKey(sha256));
      if (file) yield `{"kind":"suite","suite":${(await file.text()).trim()}}\n`;
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
  for (const { suite, checkpoint, result_sha256, added_at } of results) {
    const file = await bindings.BLOBS.get(resultKey(result_sha256));
    const head = { kind: "result", checkpoint, addedAt: new Date(added_at).toISOString() };
    if (file) yield `${JSON.stringify(head).slice(0, -1)},"result":${await file.text()}}\n`;
    yield* missing(file, `result of ${checkpoint} with ${suite}`);
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
  const query = database.prepare("SELECT id, sha256 FROM suites WHERE id > ? ORDER BY id LIMIT ?");
  return (await query.bind(id, limit).all<{ id: string; sha256: string }>()).results;
}

interface ResultRow {
  readonly suite: string;
  readonly checkpoint: string;
  readonly result_sha256: string;
  readonly added_at: number;
}

async function resultsAfter(
  database: D1Database,
  { suite, checkpoint }: Pick<Position, "suite" | "checkpoint">,
  limit: number,
) {
  const query = database.prepare(
    "SELECT suite, checkpoint, result_sha256, added_at FROM results WHERE (suite, checkpoint) > (?, ?) " +
      "ORDER BY suite, checkpoint LIMIT ?",
  );
  return (await query.bind(suite, checkpoint, limit).all<ResultRow>()).results;
}
