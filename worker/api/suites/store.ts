/** Published suites: rows in D1, files in R2. */
import type { BoardTiers } from "../../../shared/api/boards.ts";
import { splitSuiteName } from "../../../shared/api/names.ts";
import { suiteSummarySchema, type PublishedSuite } from "../../../shared/api/suites.ts";
import { ApiError } from "../problems/api-error.ts";

export interface StoredSuite extends PublishedSuite {
  /** Another one whenever the board changes. */
  readonly revision: string;
  readonly tiers: BoardTiers;
}

interface SuiteRow {
  readonly sha256: string;
  readonly bytes: number;
  readonly summary: string;
  readonly published_at: number;
  readonly revision: string;
  readonly checkpoints: number;
  readonly tiers_wanted: number;
  readonly tiers_computed: number;
  readonly tiers_methods: string;
}

const COLUMNS =
  "sha256, bytes, summary, published_at, revision, checkpoints, tiers_wanted, tiers_computed, tiers_methods";

/** By name, the latest version first. */
export async function listSuites(database: D1Database): Promise<StoredSuite[]> {
  const { results } = await database
    .prepare(`SELECT ${COLUMNS} FROM suites ORDER BY name, version DESC`)
    .all<SuiteRow>();
  return results.map(suiteOf);
}

/** @param name with a version, or without one for the latest. */
export async function findSuite(database: D1Database, name: string): Promise<StoredSuite | null> {
  const parts = splitSuiteName(name);
  const query =
    parts.version === null
      ? database
          .prepare(`SELECT ${COLUMNS} FROM suites WHERE name = ? ORDER BY version DESC LIMIT 1`)
          .bind(parts.name)
      : database
          .prepare(`SELECT ${COLUMNS} FROM suites WHERE name = ? AND version = ?`)
          .bind(parts.name, parts.version);
  const row = await query.first<SuiteRow>();
  return row && suiteOf(row);
}

/** @throws ApiError 404 where it is not published here. */
export async function requireSuite(database: D1Database, name: string): Promise<StoredSuite> {
  const suite = await findSuite(database, name);
  if (suite) return suite;
  throw new ApiError(404, "no-such-suite", `There is no suite ${name} on this board; GET suites lists them.`);
}

export function suiteKey(sha256: string): string {
  return `suites/${sha256}.json`;
}

function suiteOf(row: SuiteRow): StoredSuite {
  return {
    ...suiteSummarySchema.parse(JSON.parse(row.summary)),
    sha256: row.sha256,
    bytes: row.bytes,
    publishedAt: new Date(row.published_at).toISOString(),
    checkpoints: row.checkpoints,
    revision: row.revision,
    tiers: {
      upToDate: row.tiers_wanted === row.tiers_computed,
      methods: JSON.parse(row.tiers_methods) as BoardTiers["methods"],
    },
  };
}
