/** `plateau import`: an export, or results, into a board. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { ImportReport } from "../../../shared/api/archive.ts";
import { importRecords } from "../../../shared/api/client/archive.ts";
import { patiently } from "../../../shared/api/client/patience.ts";
import { writing, type ServerOptions, type TokenOptions } from "../client/server-options.ts";
import { EXIT } from "../failure.ts";
import { plural } from "../numbers.ts";
import { say } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

export interface ImportOptions extends ServerOptions, TokenOptions {
  readonly replace?: boolean;
}

/** Of one request: boards take 300 records and 100 MiB. */
const MOST_LINES = 200;
const MOST_BYTES = 32 * 2 ** 20;

/** Runs the command. Answers the exit code. */
export async function importCommand(
  file: string,
  { replace = false, ...options }: ImportOptions,
): Promise<number> {
  const connection = await writing(options);
  const there = await stat(file).catch(() => null);
  if (!there?.isFile()) throw new UsageError(`There is no file ${file}; name one that plateau export wrote.`);
  const outcomes = { added: 0, unchanged: 0, replaced: 0 };
  for await (const lines of batches(file)) {
    const report: ImportReport = await patiently(() => importRecords(connection, lines, { replace }), {
      wait: (seconds) => sleep(1000 * seconds),
      onPause: ({ message }) => say(`plateau: ${message} Trying again.`),
    });
    for (const { outcome } of [...report.suites, ...report.results]) outcomes[outcome]++;
  }
  const { added, unchanged, replaced } = outcomes;
  say(`plateau: ${plural(added, "record")} added, ${replaced} replaced, ${unchanged} there already`);
  return EXIT.ok;
}

/** Lines that go together in one request. */
async function* batches(file: string): AsyncGenerator<string[]> {
  let lines: string[] = [];
  let bytes = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (line.trim() === "") continue;
    const length = Buffer.byteLength(line) + 1;
    if (lines.length > 0 && (lines.length === MOST_LINES || bytes + length > MOST_BYTES)) {
      yield lines;
      [lines, bytes] = [[], 0];
    }
    lines.push(line);
    bytes += length;
  }
  if (lines.length > 0) yield lines;
}
