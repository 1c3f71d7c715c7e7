/** One result that was computed elsewhere: checked, stored, and shown on its board. */
import { assertOfSuite, checkpointLabels } from "../../../shared/api/imported-result.ts";
import type { ImportReport, Outcome } from "../../../shared/api/archive.ts";
import { foldedLabel } from "../../../shared/api/label.ts";
import { suiteIdSchema } from "../../../shared/api/names.ts";
import { scoresOf, sortableScores } from "../../../shared/api/scores.ts";
import { PlateauError } from "../../../shared/errors.ts";
import { resultSchema, type Result } from "../../../shared/evaluate/result-schema.ts";
import { storedScores } from "../boards/rows.ts";
import { resultKey } from "../checkpoints/store.ts";
import type { Bindings } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";
import { hex, randomCheckpointId, sha256 } from "../random.ts";
import { findSuite, type StoredSuite } from "../suites/store.ts";

export interface ResultToImport {
  readonly value: unknown;
  /** How errors call it. */
  readonly place: string;
  /** Its id, where it has one already and nobody else does. */
  readonly checkpoint: string | null;
  readonly addedAt: number;
  readonly replace: boolean;
}

/** @throws ApiError 422 where it is no result of a suite that is published here, 409 where another one is there. */
export async function importResult(
  bindings: Bindings,
  input: ResultToImport,
): Promise<ImportReport["results"][number]> {
  const { DB, BLOBS } = bindings;
  const result = readResult(input);
  const suite = await suiteOf(result, bindings, input.place);
  const labels = orRefuse(input.place, () => {
    assertOfSuite(result, suite);
    return checkpointLabels(result.checkpoint);
  });
  const model = result.checkpoint.sha256;
  const text = JSON.stringify(result);
  const hash = hex(await sha256(text));
  const there = await find(DB, suite.id, model, input.checkpoint);
  const outcome = outcomeOf(there.resultHash, hash);
  const report = (checkpoint: string) => ({ suite: suite.id, checkpoint, sha256: model, outcome });
  if (outcome === "unchanged") return report(there.checkpoint!);
  if (outcome === "replaced" && !input.replace) {
    throw new ApiError(
      409,
      "result-exists",
      `${input.place}: the checkpoint ${there.checkpoint} has another result with ${suite.id} already. ` +
        `Import with replace=true to put this one in its place.`,
    );
  }
  // The row comes last: what it names is there.
  await BLOBS.put(resultKey(hash), text);
  const id =
    there.checkpoint ?? (there.idTaken || !input.checkpoint ? randomCheckpointId() : input.checkpoint);
  const checkpoint = "(SELECT id FROM checkpoints WHERE sha256 = ?1 AND owner IS NULL)";
  const scores = scoresOf(result, suite);
  const { card, parameters } = result.checkpoint;
  const { name, run, family, step } = labels;
  const cardText = card === null ? null : JSON.stringify(card);
  const [, , , , last] = await DB.batch<{ id: string }>([
    DB.prepare(
      "INSERT INTO checkpoints (sha256, id, name, run, family, step, parameters, card, visibility, added_at) " +
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'private', ?9) " +
        "ON CONFLICT (sha256) WHERE owner IS NULL DO UPDATE SET name = ?3, run = ?4, family = ?5, step = ?6, card = ?8",
    ).bind(model, id, name, run, family, step, parameters, cardText, input.addedAt),
    DB.prepare(
      "INSERT INTO results (suite, checkpoint, name, folded_name, run, family, step, parameters, model_sha256, " +
        `result_sha256, origin, scores, added_at) VALUES (?2, ${checkpoint}, ?3, ?4, ?5, ?6, ?7, ?8, ?1, ?9, ` +
        "'imported', ?10, ?11) ON CONFLICT (suite, checkpoint) DO UPDATE SET result_sha256 = ?9, scores = ?10, " +
        "parameters = ?8, added_at = ?11",
    ).bind(
      model,
      suite.id,
      name,
      foldedLabel(name),
      run,
      family,
      step,
      parameters,
      hash,
      storedScores(scores),
      input.addedAt,
    ),
    DB.prepare(
      "INSERT INTO scores (suite, checkpoint, score, value) " +
        `SELECT ?2, ${checkpoint}, key, value FROM json_each(?3) WHERE true ` +
        "ON CONFLICT (suite, checkpoint, score) DO UPDATE SET value = excluded.value",
    ).bind(model, suite.id, JSON.stringify(sortableScores(scores))),
    // Rows on other boards are of the same checkpoint, so its newest card is theirs too.
    DB.prepare(
      "UPDATE results SET name = ?2, folded_name = ?3, run = ?4, family = ?5, step = ?6 " +
        `WHERE checkpoint = ${checkpoint}`,
    ).bind(model, name, foldedLabel(name), run, family, step),
    DB.prepare(`SELECT ${checkpoint} AS id`).bind(model),
  ]);
  return report(last!.results[0]!.id);
}

function readResult({ value, place }: ResultToImport): Result {
  const parsed = resultSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const where = path.length > 0 ? `, ${path.join(".").slice(0, 200)}` : "";
  throw new ApiError(
    422,
    "invalid-result",
    `${place} is no result of 'plateau evaluate --suite' (version 2)${where}: ${message}.`,
  );
}

async function suiteOf({ suite }: Result, { DB }: Bindings, place: string): Promise<StoredSuite> {
  if (suite === null) {
    throw new ApiError(422, "no-suite", `${place} was evaluated without a suite, so it belongs on no board.`);
  }
  const name = suiteIdSchema.safeParse(suite);
  const found = name.success ? await findSuite(DB, name.data) : null;
  if (found) return found;
  throw new ApiError(
    422,
    "suite-not-published",
    `${place} is of the suite ${JSON.stringify(suite.slice(0, 100))}, which is not published here; POST suites first.`,
  );
}

function orRefuse<T>(place: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof PlateauError)
      throw new ApiError(422, "invalid-result", `${place}: ${error.message}`);
    throw error;
  }
}

interface Found {
  readonly checkpoint: string | null;
  readonly resultHash: string | null;
  /** Whether the id that was asked for is another model's. */
  readonly idTaken: boolean;
}

async function find(database: D1Database, suite: string, model: string, id: string | null): Promise<Found> {
  const row = await database
    .prepare(
      "SELECT c.id AS checkpoint, r.result_sha256 AS resultHash, EXISTS (SELECT 1 FROM checkpoints WHERE id = ?3) AS taken " +
        "FROM (SELECT 1) LEFT JOIN checkpoints c ON c.sha256 = ?2 AND c.owner IS NULL " +
        "LEFT JOIN results r ON r.suite = ?1 AND r.checkpoint = c.id",
    )
    .bind(suite, model, id)
    .first<{ checkpoint: string | null; resultHash: string | null; taken: number }>();
  const { checkpoint = null, resultHash = null, taken = 0 } = row ?? {};
  return { checkpoint, resultHash, idTaken: taken === 1 };
}

function outcomeOf(there: string | null, now: string): Outcome {
  if (there === null) return "added";
  return there === now ? "unchanged" : "replaced";
}
