/** What lent workers have computed of an evaluation so far, and what they used. */

export interface Made {
  readonly id: string;
  readonly worker: string;
  readonly device: string;
  /** Versions. */
  readonly ort: string;
  readonly plateau: string;
}

/** Shards that are done. */
export async function listMade(database: D1Database, evaluation: string): Promise<Made[]> {
  const { results } = await database
    .prepare(
      "SELECT id, worker, device, ort, plateau FROM shards WHERE evaluation = ? AND state = 'done' ORDER BY id",
    )
    .bind(evaluation)
    .all<Made>();
  return results;
}

/** As a receipt tells it; several of a kind side by side. */
export function toolsOf(made: readonly Made[]): {
  readonly runtime: { readonly device: string; readonly ort: string };
  readonly versions: { readonly plateau: string; readonly node: string };
  readonly threads: null;
} {
  const all = (field: "device" | "ort" | "plateau") =>
    [...new Set(made.map((each) => each[field]))].sort().join(", ");
  return {
    runtime: { device: all("device"), ort: all("ort") },
    versions: { plateau: all("plateau"), node: "lent workers" },
    threads: null,
  };
}
