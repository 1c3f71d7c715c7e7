/** `plateau export`: all that a board shows, as a file. */
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { exportPart } from "../../../shared/api/client/archive.ts";
import { patiently } from "../../../shared/api/client/patience.ts";
import { writing, type ServerOptions, type TokenOptions } from "../client/server-options.ts";
import { EXIT } from "../failure.ts";
import { plural } from "../numbers.ts";
import { say } from "../terminal.ts";
import { findDestination } from "../write-file.ts";

export type ExportOptions = ServerOptions & TokenOptions;

/** Runs the command. Answers the exit code. A file is whole, or not there. */
export async function exportCommand(file: string, options: ExportOptions): Promise<number> {
  const connection = await writing(options);
  const destination = file === "-" ? null : await findDestination(file);
  const draft = destination && !destination.direct ? `${destination.target}.${process.pid}.partial` : null;
  const stream: Writable = destination ? createWriteStream(draft ?? destination.target) : process.stdout;
  const counts = { suites: 0, results: 0 };
  try {
    for (let cursor: string | undefined; ;) {
      const { lines, next } = await patiently(() => exportPart(connection, cursor), {
        wait: (seconds) => sleep(1000 * seconds),
        onPause: ({ message }) => say(`plateau: ${message} Trying again.`),
      });
      for (const line of lines) {
        counts[line.startsWith('{"kind":"suite"') ? "suites" : "results"]++;
        if (!stream.write(`${line}\n`)) await new Promise((resolve) => stream.once("drain", resolve));
      }
      if (next === null) break;
      cursor = next;
    }
    if (destination) {
      stream.end();
      await finished(stream);
      if (draft) await rename(draft, destination.target);
    }
  } catch (error) {
    if (draft) await rm(draft, { force: true });
    throw error;
  }
  say(`plateau: ${plural(counts.suites, "suite")} and ${plural(counts.results, "result")} written`);
  return EXIT.ok;
}
