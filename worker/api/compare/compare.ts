/** Differences of a few checkpoints, each pair on the examples that both were measured on. */
import type { BoardRow } from "../../../shared/api/boards.ts";
import type { ComparedPair, ComparisonOfCheckpoints } from "../../../shared/api/compare.ts";
import type { Card } from "../../../shared/evaluate/card.ts";
import type { Result } from "../../../shared/evaluate/result-schema.ts";
import {
  compareUnpaired,
  holm,
  pairedComparison,
  type ExampleDesign,
} from "../../../shared/statistics/index.ts";
import { boardRow, ROW_COLUMNS, type StoredRow } from "../boards/rows.ts";
import { readDesign } from "../boards/tiers/packs.ts";
import { scoreShapes, scoreVector, type ScoreShape } from "../boards/tiers/score-vectors.ts";
import { resultKey } from "../checkpoints/store.ts";
import type { Bindings } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";
import type { StoredSuite } from "../suites/store.ts";
import { cardDifferences } from "./card-differences.ts";

/** @throws ApiError 404 where a checkpoint has no result with the suite. */
export async function compareCheckpoints(
  { DB, BLOBS }: Pick<Bindings, "DB" | "BLOBS">,
  suite: StoredSuite,
  ids: readonly string[],
): Promise<ComparisonOfCheckpoints> {
  const rows = await comparedRows(DB, suite.id, ids);
  const shapes = scoreShapes(suite);
  // One after another: only vectors are kept of results, which may be large.
  const vectors: Map<string, readonly number[]>[] = [];
  for (const { hash } of rows) vectors.push(await readVectors(BLOBS, hash, shapes));
  const design = await readDesign(BLOBS, suite);
  const compared = shapes.map((shape) => {
    const candidates = rows.map(({ row }, i) => candidateOf(row, shape, vectors[i]!));
    return { ...shape, pairs: comparePairs(candidates, shape.score.startsWith("task:") ? {} : design) };
  });
  const adjusted = holm(compared.flatMap(({ pairs }) => pairs.map(({ pValue }) => pValue)));
  let next = 0;
  return {
    suite: suite.id,
    checkpoints: rows.map(({ row }) => row),
    scores: compared.map(({ score, better, pairs }) => ({
      score,
      better,
      pairs: pairs.map((pair) => ({ ...pair, adjustedPValue: adjusted[next++]! })),
    })),
    cards: cardDifferences(rows.map(({ card }) => card)),
  };
}

interface ComparedRow {
  readonly row: BoardRow;
  /** Of the result. */
  readonly hash: string;
  readonly card: Card | null;
}

async function comparedRows(
  database: D1Database,
  suite: string,
  ids: readonly string[],
): Promise<ComparedRow[]> {
  const { results } = await database
    .prepare(
      `SELECT ${ROW_COLUMNS}, (SELECT c.card FROM checkpoints c WHERE c.id = r.checkpoint) AS card FROM results r ` +
        "WHERE r.suite = ? AND r.checkpoint IN (SELECT value FROM json_each(?))",
    )
    .bind(suite, JSON.stringify(ids))
    .all<StoredRow & { readonly card: string | null }>();
  return ids.map((id) => {
    const found = results.find(({ checkpoint }) => checkpoint === id);
    if (!found) {
      throw new ApiError(
        404,
        "no-such-result",
        `The checkpoint ${id} has no result with ${suite}; compare checkpoints of one board.`,
      );
    }
    const card = found.card === null ? null : (JSON.parse(found.card) as Card);
    return { row: boardRow(found), hash: found.result_sha256, card };
  });
}

async function readVectors(
  bucket: R2Bucket,
  hash: string,
  shapes: readonly ScoreShape[],
): Promise<Map<string, readonly number[]>> {
  const file = await bucket.get(resultKey(hash));
  if (!file) {
    throw new ApiError(503, "file-missing", `The result ${hash} is not in storage; import it again.`);
  }
  // Written by this board after validation, so read without.
  const result = await file.json<Result>();
  return new Map(
    shapes.flatMap((shape) => {
      const vector = scoreVector(result, shape);
      return vector ? [[shape.score, vector] as const] : [];
    }),
  );
}

interface Candidate {
  readonly id: string;
  readonly value: number | null;
  readonly standardError: number | null;
  readonly vector: readonly number[] | null;
}

function candidateOf(
  row: BoardRow,
  { score }: ScoreShape,
  vectors: ReadonlyMap<string, readonly number[]>,
): Candidate {
  const cell = score.startsWith("task:") ? row.tasks[score.slice("task:".length)] : row.measures[score];
  const id = row.checkpoint;
  if (!cell || cell.value === null) return { id, value: null, standardError: null, vector: null };
  const { value, standardError } = cell;
  const usable = standardError !== null && standardError >= 0 ? standardError : null;
  return { id, value, standardError: usable, vector: vectors.get(score) ?? null };
}

type UnadjustedPair = Omit<ComparedPair, "adjustedPValue">;

/** Each with each that comes after it. */
function comparePairs(candidates: readonly Candidate[], design: ExampleDesign): UnadjustedPair[] {
  const length = candidates.find(({ vector }) => vector)?.vector?.length;
  const paired = length === undefined ? null : pairedComparison(length, design);
  return candidates.flatMap((first, i) =>
    candidates.slice(i + 1).map((second): UnadjustedPair => {
      const pair = { first: first.id, second: second.id };
      const { value: a, vector: x } = first;
      const { value: b, vector: y } = second;
      if (a === null || b === null) {
        const reason = `the value of ${a === null ? first.id : second.id} is undefined`;
        const nothing = { difference: null, standardError: null, interval: null, pValue: null };
        return { ...pair, method: "unpaired", ...nothing, reason };
      }
      const found =
        paired && x && y ? paired(x, y) : compareUnpaired({ ...first, value: a }, { ...second, value: b });
      return { ...pair, ...found, interval: found.interval && [...found.interval] };
    }),
  );
}
