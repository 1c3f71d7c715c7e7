/** Takes in suites and results, one after another: what came before one that is refused stays. */
import type { ImportReport } from "../../../shared/api/archive.ts";
import type { Bindings } from "../environment.ts";
import { ApiError } from "../problems/api-error.ts";
import { publishSuite } from "../suites/publish.ts";
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
  try {
    for await (const { place, record } of readRecords(request)) {
      switch (record.kind) {
        case "suite": {
          const { suite, outcome } = await publishSuite(bindings, JSON.stringify(record.suite), now);
          report.suites.push({ suite: suite.id, outcome });
          break;
        }
        case "result": {
          const { result: value, checkpoint = null, addedAt } = record;
          const added = addedAt === undefined ? now : Date.parse(addedAt);
          report.results.push(
            await importResult(bindings, { value, place, checkpoint, addedAt: added, replace }),
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
