/** Bringing results in. */
import { importReportSchema, type ImportReport } from "../archive.ts";
import { requestJson, type Connection, type RequestOptions } from "./connection.ts";

export interface ImportOptions extends Pick<RequestOptions, "signal"> {
  /** Whether a result takes the place of another one of the same checkpoint and suite. */
  readonly replace?: boolean;
}

/** @param lines JSON, a record each: see archiveRecordSchema. */
export function importRecords(
  connection: Connection,
  lines: readonly string[],
  { replace = false, ...options }: ImportOptions = {},
): Promise<ImportReport> {
  return requestJson(connection, importReportSchema, "import", {
    ...options,
    method: "POST",
    query: { replace: String(replace) },
    headers: { "Content-Type": "application/x-ndjson" },
    body: lines.join("\n"),
  });
}
