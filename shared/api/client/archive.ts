/** Bringing results in, and taking all that boards show out. */
import { archiveRecordSchema, importReportSchema, type ImportReport } from "../archive.ts";
import {
  request,
  requestJson,
  textOf,
  unreachable,
  type Connection,
  type RequestOptions,
} from "./connection.ts";

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

export interface ExportedPart {
  /** JSON, a record each. */
  readonly lines: readonly string[];
  /** Cursor of the next part; null after the last. */
  readonly next: string | null;
}

/**
 * A part of all that boards show.
 *
 * @param cursor `next` of the part before; absent for the first.
 * @throws UnreachableError where the part broke off.
 */
export async function exportPart(
  connection: Connection,
  cursor?: string,
  options: Pick<RequestOptions, "signal"> = {},
): Promise<ExportedPart> {
  const response = await request(connection, "export", { ...options, query: { cursor } });
  const text = await textOf(response, connection.server, options.signal);
  const lines = text.trimEnd().split("\n");
  const end = archiveRecordSchema.safeParse(parsed(lines.pop()!));
  if (end.success && end.data.kind === "end") return { lines, next: end.data.next };
  throw unreachable(connection.server, new Error("the export broke off"));
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
