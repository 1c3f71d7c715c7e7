/** Takes a checkpoint away: its rows on boards, its results, and its model where nobody else has the same. */
import type { Bindings } from "../environment.ts";
import { removeUnneeded, type HashedObject } from "./removals.ts";
import type { ManagedCheckpoint } from "./store.ts";

/** Answers the suites whose boards it was on. */
export async function removeCheckpoint(
  bindings: Bindings,
  { id, sha256 }: ManagedCheckpoint,
  now: number,
): Promise<string[]> {
  const { DB } = bindings;
  const [, left, replaced] = await DB.batch<HashedObject & { readonly suite: string }>([
    // Completing that upload again would answer a checkpoint that is no longer there.
    DB.prepare("DELETE FROM uploads WHERE checkpoint = ?").bind(id),
    DB.prepare(
      "DELETE FROM results WHERE checkpoint = ? RETURNING 'result' AS kind, result_sha256 AS sha256, suite",
    ).bind(id),
    DB.prepare(
      "DELETE FROM replaced_results WHERE checkpoint = ? RETURNING 'result' AS kind, result_sha256 AS sha256, suite",
    ).bind(id),
    DB.prepare("DELETE FROM checkpoints WHERE id = ?").bind(id),
  ]);
  const results = left!.results;
  await removeUnneeded(bindings, [{ kind: "model", sha256 }, ...results, ...replaced!.results], now);
  return results.map(({ suite }) => suite);
}
