/** The row of a checkpoint on a board, and its scores, as statements for one transaction. */
import type { Origin } from "../../../shared/api/boards.ts";
import { foldedLabel } from "../../../shared/api/label.ts";
import { scoresOf, sortableScores } from "../../../shared/api/scores.ts";
import type { Result } from "../../../shared/evaluate/result-schema.ts";
import type { StoredSuite } from "../suites/store.ts";
import { storedScores } from "./rows.ts";

export interface RowToWrite {
  readonly suite: StoredSuite;
  readonly result: Result;
  /** Of the result. */
  readonly hash: string;
  /** The checkpoint's. */
  readonly name: string;
  readonly origin: Origin;
  readonly addedAt: number;
}

/** Which checkpoint: at most one. Where there is none, the statements do nothing. */
export interface CheckpointChoice {
  /** A condition on the table `checkpoints c`, with parameters `?1`, `?2`, …. */
  readonly where: string;
  readonly bound: readonly (string | number | null)[];
}

/** What the row says of the checkpoint beside its name is taken from the checkpoint itself. */
export function rowStatements(
  database: D1Database,
  { where, bound }: CheckpointChoice,
  { suite, result, hash, name, origin, addedAt }: RowToWrite,
): D1PreparedStatement[] {
  const scores = scoresOf(result, suite);
  const first = bound.length + 1;
  const parameter = (i: number) => `?${first + i}`;
  const [suiteId, folded, hashed, from, stored, added] = Array.from({ length: 6 }, (_, i) => parameter(i));
  return [
    database
      .prepare(
        "INSERT INTO results (suite, checkpoint, name, folded_name, run, family, step, parameters, model_sha256, " +
          `result_sha256, origin, scores, added_at) SELECT ${suiteId}, c.id, c.name, ${folded}, c.run, c.family, ` +
          `c.step, c.parameters, c.sha256, ${hashed}, ${from}, ${stored}, ${added} FROM checkpoints c WHERE ${where} ` +
          `ON CONFLICT (suite, checkpoint) DO UPDATE SET result_sha256 = ${hashed}, origin = ${from}, ` +
          `scores = ${stored}, added_at = ${added}`,
      )
      .bind(...bound, suite.id, foldedLabel(name), hash, origin, storedScores(scores), addedAt),
    database
      .prepare(
        `INSERT INTO scores (suite, checkpoint, score, value) SELECT ${suiteId}, c.id, s.key, s.value ` +
          `FROM checkpoints c, json_each(${folded}) s WHERE ${where} ` +
          "ON CONFLICT (suite, checkpoint, score) DO UPDATE SET value = excluded.value",
      )
      .bind(...bound, suite.id, JSON.stringify(sortableScores(scores))),
  ];
}
