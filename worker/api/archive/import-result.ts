/** One result that was computed elsewhere: checked, stored, and shown on its board. */
import { assertOfSuite, checkpointLabels } from "../../../shared/api/imported-result.ts";
import type { ImportReport, Outcome, ResultRecord } from "../../../shared/api/archive.ts";
import { suiteIdSchema } from "../../../shared/api/names.ts";
import { PlateauError } from "../../../shared/errors.ts";
import { resultSchema, type Result } from "../../../shared/evaluate/result-schema.ts";
import { removeUnneeded, settleRemoval } from "../checkpoints/removals.ts";
import { resultKey } from "../checkpoints/store.ts";
import type { Bindings } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";
import { hex, randomCheckpointId, sha256 } from "../random.ts";
import { findSuite, type StoredSuite } from "../suites/store.ts";
import { writeResult } from "./write-result.ts";

export interface ResultToImport extends Pick<ResultRecord, "checkpoint" | "origin" | "hidden"> {
  readonly value: unknown;
  /** How errors call it. */
  readonly place: string;
  readonly addedAt: number;
  readonly replace: boolean;
  /** Suites that were found already, by id: a request may make 1,000 calls to storage. */
  readonly suites: Map<string, StoredSuite>;
}

/** @throws ApiError 422 where it is no result of a suite that is published here, 409 where another one is there. */
export async function importResult(
  bindings: Bindings,
  input: ResultToImport,
): Promise<ImportReport["results"][number]> {
  const { DB, BLOBS } = bindings;
  const result = readResult(input);
  const suite = await suiteOf(result, bindings, input);
  const { checkpoint, addedAt, origin, hidden } = input;
  const owner = checkpoint?.owner ?? null;
  const card = checkpoint?.card === undefined ? result.checkpoint.card : checkpoint.card;
  const labels = orRefuse(input.place, () => {
    assertOfSuite(result, suite);
    return checkpointLabels({ ...result.checkpoint, card });
  });
  const model = result.checkpoint.sha256;
  const text = JSON.stringify(result);
  const hash = hex(await sha256(text));
  const there = await find(DB, { suite: suite.id, model, owner, hash, id: checkpoint?.id ?? null });
  const outcome = outcomeOf(there.resultHash, hash);
  const report = (id: string) => ({ suite: suite.id, checkpoint: id, sha256: model, outcome });
  if (outcome === "unchanged") {
    await keepResult(bindings, hash, text);
    return report(there.checkpoint!);
  }
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
  const wanted = there.idTaken ? undefined : checkpoint?.id;
  const id = await writeResult(DB, {
    ...{ suite, result, hash, card, addedAt, origin, hidden },
    checkpoint: {
      id: there.checkpoint ?? wanted ?? randomCheckpointId(),
      owner,
      visibility: checkpoint?.visibility ?? "private",
      addedAt: checkpoint?.addedAt === undefined ? addedAt : Date.parse(checkpoint.addedAt),
    },
    labels: { ...labels, name: checkpoint?.name ?? labels.name },
  });
  if (there.shared) await keepResult(bindings, hash, text);
  return report(id);
}

/** For a row that is committed: the same result may have been removed with another row meanwhile, or with this one. */
async function keepResult(bindings: Bindings, hash: string, text: string): Promise<void> {
  const { DB, BLOBS } = bindings;
  const object = { kind: "result", sha256: hash } as const;
  await settleRemoval(DB, object);
  if (await BLOBS.head(resultKey(hash))) return;
  await BLOBS.put(resultKey(hash), text);
  await removeUnneeded(bindings, [object], Date.now());
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

async function suiteOf(
  { suite }: Result,
  { DB }: Bindings,
  { place, suites }: ResultToImport,
): Promise<StoredSuite> {
  if (suite === null) {
    throw new ApiError(422, "no-suite", `${place} was evaluated without a suite, so it belongs on no board.`);
  }
  const name = suiteIdSchema.safeParse(suite);
  const found = name.success ? (suites.get(name.data) ?? (await findSuite(DB, name.data))) : null;
  if (found) {
    suites.set(found.id, found);
    return found;
  }
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
  /** Whether another row needs the very same result, or needed it a moment ago. */
  readonly shared: boolean;
}

interface Sought {
  readonly suite: string;
  readonly model: string;
  readonly owner: string | null;
  readonly hash: string;
  readonly id: string | null;
}

async function find(database: D1Database, { suite, model, owner, hash, id }: Sought): Promise<Found> {
  const row = await database
    .prepare(
      "SELECT c.id AS checkpoint, r.result_sha256 AS resultHash, EXISTS (SELECT 1 FROM checkpoints WHERE id = ?4) AS taken, " +
        "EXISTS (SELECT 1 FROM results WHERE result_sha256 = ?5) OR " +
        "EXISTS (SELECT 1 FROM replaced_results WHERE result_sha256 = ?5) OR " +
        "EXISTS (SELECT 1 FROM removals WHERE kind = 'result' AND sha256 = ?5) AS shared " +
        "FROM (SELECT 1) LEFT JOIN checkpoints c ON c.sha256 = ?2 AND c.owner IS ?3 " +
        "LEFT JOIN results r ON r.suite = ?1 AND r.checkpoint = c.id",
    )
    .bind(suite, model, owner, id, hash)
    .first<{ checkpoint: string | null; resultHash: string | null; taken: number; shared: number }>();
  const { checkpoint = null, resultHash = null, taken = 0, shared = 0 } = row ?? {};
  return { checkpoint, resultHash, idTaken: taken === 1, shared: shared === 1 };
}

function outcomeOf(there: string | null, now: string): Outcome {
  if (there === null) return "added";
  return there === now ? "unchanged" : "replaced";
}
