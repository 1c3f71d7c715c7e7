/** Takes in suites and results, one after another: what came before one that is refused stays. */
import type { ImportReport } from "../../../shared/api/archive.ts";
import type { Bindings } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";
import { publishSuite } from "../suites/publish.ts";
import type { StoredSuite } from "../suites/store.ts";
import { importResult } from "./import-result.ts";
import { readRecords } from "./read-records.ts";

/**
 * Importing the same again changes nothing, so that what was refused can be mended and all be sent once more.
 *
 * @throws ApiError with what was done up to then.
 */
export async function importRecords(
  bindings: Bindings,
  request: Request,
  replace: boolean,
  now: number,
): Promise<ImportReport> {
  const report: ImportReport = { suites: [], results: [] };
  const suites = new Map<string, StoredSuite>();
  try {
    for await (const { place, record } of readRecords(request)) {
      switch (record.kind) {
        case "suite": {
          const { publishedAt } = record;
          const published = publishedAt === undefined ? now : Date.parse(publishedAt);
          const { suite, outcome } = await publishSuite(bindings, JSON.stringify(record.suite), published);
          report.suites.push({ suite: suite.id, outcome });
          break;
        }
        case "result": {
          const { result: value, addedAt, checkpoint, origin, hidden } = record;
          const added = addedAt === undefined ? now : Date.parse(addedAt);
          report.results.push(
            await importResult(bindings, {
              ...{ value, place, origin, addedAt: added, replace, suites },
              ...(checkpoint && { checkpoint }),
              ...(hidden && { hidden }),
            }),
          );
        }
      }
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { status, code, message, options } = error;
    throw new ApiError(status, code, message, { ...options, done: report });
  }
  return report;
}
