/** What an evaluation leaves in D1 once it has ended. */
import { voidReplays } from "../trust/void-replays.ts";

/** Removes its shards and their payloads if it is in that state, and nothing rests on them. What was counted of them stays. */
export function dropShards(
  database: D1Database,
  evaluation: string,
  state: "finished" | "failed",
): D1PreparedStatement {
  return database
    .prepare(
      "DELETE FROM shards WHERE evaluation = ?1 AND EXISTS " +
        "(SELECT 1 FROM evaluations WHERE id = ?1 AND state = ?2 AND standing IS NOT 'unverified')",
    )
    .bind(evaluation, state);
}

/** A failed one that is tried again then begins at the beginning. */
export function startAfresh(database: D1Database, evaluation: string): D1PreparedStatement[] {
  const failed = "evaluation = ?1 AND (SELECT state FROM evaluations WHERE id = ?1) = 'failed'";
  return [
    ...voidReplays(database, failed, [evaluation]),
    dropShards(database, evaluation, "failed"),
    database
      .prepare(
        "UPDATE evaluations SET shards = 0, shards_done = 0, operations = 0, operations_done = 0, busy = 0, " +
          "wave = 0, wave_share = 0, wave_operations = 0 " +
          "WHERE id = ? AND state = 'failed'",
      )
      .bind(evaluation),
  ];
}
