/** Publishing a suite: from a file that anyone may have written to one that never changes. */
import type { Outcome } from "../../../shared/api/archive.ts";
import { splitSuiteName } from "../../../shared/api/names.ts";
import { suiteSummarySchema, summariseSuite } from "../../../shared/api/suites.ts";
import { PlateauError } from "../../../shared/errors.ts";
import { formatSuite, parseSuite } from "../../../shared/suites/suite-file.ts";
import type { Suite } from "../../../shared/suites/suite.ts";
import type { Bindings } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";
import { hex, sha256 } from "../random.ts";
import { requireSuite, suiteKey, type StoredSuite } from "./store.ts";

/** An isolate has 128 MB, and a parsed suite takes several times the room of its text. */
export const LARGEST_SUITE = 8 * 2 ** 20;
/** In characters of JSON, so that a row stays small. */
const LARGEST_SUMMARY = 262_144;

export interface Published {
  readonly suite: StoredSuite;
  readonly outcome: Exclude<Outcome, "replaced">;
}

/**
 * Publishing the same suite again changes nothing.
 *
 * @throws ApiError 422 where it is no suite, 409 where this name and version is another suite already.
 */
export async function publishSuite({ DB, BLOBS }: Bindings, text: string, now: number): Promise<Published> {
  const suite = readSuite(text);
  const { id } = suite.definition;
  // The same suite has the same name however its file was laid out.
  const file = formatSuite(suite);
  const hash = hex(await sha256(file));
  const summary = summaryOf(suite);
  const bytes = new TextEncoder().encode(file);
  const { name, version } = splitSuiteName(id);
  await BLOBS.put(suiteKey(hash), bytes);
  const { meta } = await DB.prepare(
    "INSERT INTO suites (id, name, version, sha256, bytes, summary, published_at) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  )
    .bind(id, name, version, hash, bytes.byteLength, summary, now)
    .run();
  const stored = await requireSuite(DB, id);
  if (stored.sha256 !== hash) {
    throw new ApiError(
      409,
      "suite-immutable",
      `${id} was published at ${stored.publishedAt} with sha256 ${stored.sha256}, and this one has ${hash}. ` +
        `A published suite never changes; give this one another version.`,
    );
  }
  return { suite: stored, outcome: meta.changes > 0 ? "added" : "unchanged" };
}

function readSuite(text: string): Suite {
  try {
    return parseSuite(text, "The suite");
  } catch (error) {
    if (error instanceof PlateauError) throw new ApiError(422, "invalid-suite", error.message);
    // JSON nested without end overflows the stack of whoever walks it.
    if (error instanceof RangeError) {
      throw new ApiError(422, "invalid-suite", "The suite is nested too deeply, or too large to be read.");
    }
    throw error;
  }
}

function summaryOf(suite: Suite): string {
  const summary = suiteSummarySchema.safeParse(summariseSuite(suite));
  if (!summary.success) {
    const { path, message } = summary.error.issues[0]!;
    throw new ApiError(422, "invalid-suite", `The suite's ${path.join(".")}: ${message}.`);
  }
  const text = JSON.stringify(summary.data);
  if (text.length <= LARGEST_SUMMARY) return text;
  throw new ApiError(422, "invalid-suite", "The suite's titles and descriptions are too long; shorten them.");
}
