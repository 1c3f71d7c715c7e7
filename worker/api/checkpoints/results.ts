/** Results of a checkpoint: the one that is on the board, and those that were. */
import type { ReplacedResults } from "../../../shared/api/checkpoints.ts";
import { originSchema } from "../../../shared/api/boards.ts";
import { ApiError } from "../problems/api-error.ts";

/**
 * The hash that a whole result is stored by.
 *
 * @param sha256 of the one that is meant, where it is not that on the board.
 * @throws ApiError 404 where the checkpoint has, and had, no such result with this suite.
 */
export async function requireResultHash(
  database: D1Database,
  checkpoint: string,
  suite: string,
  sha256?: string,
): Promise<string> {
  const hash = await database
    .prepare(
      "SELECT result_sha256 FROM results WHERE suite = ?1 AND checkpoint = ?2 AND (?3 IS NULL OR result_sha256 = ?3) " +
        "UNION SELECT result_sha256 FROM replaced_results WHERE suite = ?1 AND checkpoint = ?2 AND result_sha256 = ?3",
    )
    .bind(suite, checkpoint, sha256 ?? null)
    .first<string>("result_sha256");
  if (hash !== null) return hash;
  throw new ApiError(
    404,
    "no-such-result",
    sha256 === undefined
      ? `The checkpoint ${checkpoint} has no result with ${suite}; GET checkpoints/${checkpoint} lists what it has.`
      : `The checkpoint ${checkpoint} has no result ${sha256} with ${suite}; ` +
          `GET checkpoints/${checkpoint}/results/${suite}/replaced lists earlier ones.`,
  );
}

/** Those that others took the place of, the last one first. */
export async function replacedResults(
  database: D1Database,
  checkpoint: string,
  suite: string,
): Promise<ReplacedResults> {
  const { results } = await database
    .prepare(
      "SELECT result_sha256, origin, added_at, replaced_at FROM replaced_results WHERE checkpoint = ? AND suite = ? " +
        "ORDER BY replaced_at DESC, rowid DESC",
    )
    .bind(checkpoint, suite)
    .all<{ result_sha256: string; origin: string; added_at: number; replaced_at: number }>();
  return {
    results: results.map((row) => ({
      resultSha256: row.result_sha256,
      origin: originSchema.parse(row.origin),
      addedAt: new Date(row.added_at).toISOString(),
      replacedAt: new Date(row.replaced_at).toISOString(),
    })),
  };
}
