/**
 * Tiers of a whole board, computed after rows came, changed, left or were hidden: whoever reads is not kept waiting, but
 * has them brought up to date behind the answer.
 *
 * Which boards need it is known to the database (see migration 0005), so that nothing is lost with whoever computes. Up to
 * `MOST_PAIRED` rows are compared pair by pair on common examples. Beyond, or where the vectors of one score take more than
 * `LARGEST_VECTORS`, comparisons rest on values and standard errors alone: conservative, and the board says so. Such boards
 * are computed at most once in `PATIENCE`.
 */
import type { BoardRow, BoardTiers } from "../../../../shared/api/boards.ts";
import type { Bindings } from "../../environment.ts";
import { requireSuite, type StoredSuite } from "../../suites/store.ts";
import { readVectors, updatePacks, type Packs } from "./packs.ts";
import { rankScore, vectorValue, type RankedRow } from "./rank-score.ts";
import { scoreShapes, type ScoreShape } from "./score-vectors.ts";

export const MOST_PAIRED = 2000;
/** Bytes of float32, of which an isolate of 128 MB holds one score's at a time. */
export const LARGEST_VECTORS = 32 * 2 ** 20;
/** Milliseconds. */
const PATIENCE = 600_000;
const LEASE = 120_000;
/** Rows may come while tiers are computed, or more of them than packs take at once. */
const MOST_ROUNDS = 3;
const MOST_BOARDS = 20;
const ROWS_AT_ONCE = 500;

export type TierBindings = Pick<Bindings, "DB" | "BLOBS">;

/**
 * `current`: they were up to date, or are again. `later`: someone else computes them, or there is more to do; ask again.
 */
export type TierOutcome = "current" | "later";

/** Boards whose tiers are out of date, the one that has waited longest first. */
export async function recomputeStaleTiers(bindings: TierBindings): Promise<void> {
  const { results } = await bindings.DB.prepare(
    "SELECT id FROM suites WHERE tiers_wanted <> tiers_computed ORDER BY tiers_at, id LIMIT ?",
  )
    .bind(MOST_BOARDS)
    .all<{ id: string }>();
  for (const { id } of results) await recomputeTiers(bindings, id);
}

/** @param suite name and version. @throws where storage fails; another try may begin when the lease has expired. */
export async function recomputeTiers(bindings: TierBindings, suite: string): Promise<TierOutcome> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const claim = await claimTiers(bindings.DB, suite, Date.now());
    if (!claim) break;
    await computeTiers(bindings, suite, claim);
  }
  return (await requireSuite(bindings.DB, suite)).tiers.upToDate ? "current" : "later";
}

interface Claim {
  /** Of `tiers_wanted`, when the rows had not been read yet. */
  readonly wanted: number;
  /** Identifies the claim. */
  readonly lease: number;
}

async function claimTiers(database: D1Database, suite: string, now: number): Promise<Claim | null> {
  const lease = now + LEASE;
  const claimed = await database
    .prepare(
      "UPDATE suites SET tiers_lease = ?2 WHERE id = ?1 AND tiers_wanted <> tiers_computed AND tiers_lease <= ?3 " +
        "AND (checkpoints <= ?4 OR tiers_at <= ?5) RETURNING tiers_wanted AS wanted",
    )
    .bind(suite, lease, now, MOST_PAIRED, now - PATIENCE)
    .first<{ wanted: number }>();
  return claimed && { ...claimed, lease };
}

async function computeTiers({ DB, BLOBS }: TierBindings, id: string, claim: Claim): Promise<void> {
  const suite = await requireSuite(DB, id);
  const rows = await shownRows(DB, suite);
  const packs =
    rows.length <= MOST_PAIRED
      ? await updatePacks(
          BLOBS,
          suite,
          rows.map(({ hash }) => hash),
        )
      : null;
  if (packs && !packs.complete) {
    await DB.prepare("UPDATE suites SET tiers_lease = 0 WHERE id = ? AND tiers_lease = ?")
      .bind(id, claim.lease)
      .run();
    return;
  }
  const tiers = new Map<string, Record<string, number>>(rows.map(({ checkpoint }) => [checkpoint, {}]));
  const methods: BoardTiers["methods"] = {};
  for (const shape of scoreShapes(suite)) {
    const { tierOf, method } = await tiersOfScore(BLOBS, rows, shape, packs);
    methods[shape.score] = method;
    for (const [checkpoint, tier] of tierOf) tiers.get(checkpoint)![shape.score] = tier;
  }
  const texts = rows.flatMap(({ checkpoint, tiers: before }) => {
    const text = JSON.stringify(tiers.get(checkpoint));
    return text === before ? [] : [[checkpoint, text] as const];
  });
  await writeTiers(DB, id, claim, texts, methods);
}

interface ShownRow {
  readonly checkpoint: string;
  /** Of the result. */
  readonly hash: string;
  readonly scores: ReadonlyMap<string, Pick<RankedRow, "value" | "standardError">>;
  readonly tiers: string | null;
}

async function shownRows(database: D1Database, suite: StoredSuite): Promise<ShownRow[]> {
  const rows: ShownRow[] = [];
  for (let after = ""; ;) {
    const { results } = await database
      .prepare(
        "SELECT checkpoint, result_sha256, scores, tiers FROM results " +
          "WHERE suite = ? AND checkpoint > ? AND hidden_reason IS NULL ORDER BY checkpoint LIMIT ?",
      )
      .bind(suite.id, after, ROWS_AT_ONCE)
      .all<{ checkpoint: string; result_sha256: string; scores: string; tiers: string | null }>();
    for (const { checkpoint, result_sha256: hash, scores, tiers } of results) {
      const { measures, tasks } = JSON.parse(scores) as Pick<BoardRow, "measures" | "tasks">;
      const cells = [
        ...Object.entries(measures),
        ...Object.entries(tasks).map(([task, cell]) => [`task:${task}`, cell] as const),
      ];
      const defined = cells.flatMap(([score, cell]) =>
        cell.value === null
          ? []
          : [[score, { value: cell.value, standardError: usable(cell.standardError) }] as const],
      );
      rows.push({ checkpoint, hash, scores: new Map(defined), tiers });
    }
    const last = results.at(-1);
    if (!last || results.length < ROWS_AT_ONCE) return rows;
    after = last.checkpoint;
    await pause();
  }
}

/** Imported errors are numbers, but of whatever sign. */
function usable(error: number | null): number | null {
  return error !== null && error >= 0 ? error : null;
}

async function tiersOfScore(
  bucket: R2Bucket,
  rows: readonly ShownRow[],
  { score, better, length }: ScoreShape,
  packs: Packs | null,
) {
  const valued = rows.flatMap(({ checkpoint, hash, scores }) => {
    const cell = scores.get(score);
    return cell ? [{ checkpoint, hash, ...cell }] : [];
  });
  const fits = packs !== null && 4 * length * valued.length <= LARGEST_VECTORS;
  const vectors = fits ? await readVectors(bucket, packs, score) : new Map<string, Float32Array>();
  const design = packs && !score.startsWith("task:") ? packs.design : {};
  const ranked = valued.map(({ checkpoint, hash, value, standardError }): RankedRow => {
    const vector = vectors.get(hash) ?? null;
    return {
      checkpoint,
      value: vector ? vectorValue(vector, design.weights) : value,
      standardError,
      vector,
    };
  });
  return rankScore(ranked, better, { length: vectors.size > 0 ? length : 0, design }, pause);
}

/** Nothing is written by one whose claim has expired and gone to someone else. */
async function writeTiers(
  database: D1Database,
  suite: string,
  { wanted, lease }: Claim,
  texts: readonly (readonly [checkpoint: string, tiers: string])[],
  methods: BoardTiers["methods"],
): Promise<void> {
  const chunks = Array.from({ length: Math.ceil(texts.length / ROWS_AT_ONCE) }, (_, i) =>
    texts.slice(i * ROWS_AT_ONCE, (i + 1) * ROWS_AT_ONCE),
  );
  await database.batch([
    ...chunks.map((chunk) =>
      database
        .prepare(
          "UPDATE results SET tiers = each.value FROM json_each(?1) AS each WHERE results.suite = ?2 " +
            "AND results.checkpoint = each.key AND EXISTS (SELECT 1 FROM suites WHERE id = ?2 AND tiers_lease = ?3)",
        )
        .bind(JSON.stringify(Object.fromEntries(chunk)), suite, lease),
    ),
    database
      .prepare(
        "UPDATE suites SET tiers_computed = ?2, tiers_methods = ?3, tiers_at = ?4, tiers_lease = 0, " +
          "revision = lower(hex(randomblob(8))) WHERE id = ?1 AND tiers_lease = ?5",
      )
      .bind(suite, wanted, JSON.stringify(methods), Date.now(), lease),
  ]);
}

/** Other requests of this isolate get their turn. */
const pause = () => scheduler.wait(0);
