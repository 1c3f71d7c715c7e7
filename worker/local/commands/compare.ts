/** `plateau compare`: what results of several checkpoints say together. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { study } from "../../../shared/statistics/study.ts";
import { EXIT } from "../failure.ts";
import { readResults } from "../result-file.ts";
import { studyLines } from "../study-table.ts";
import { columns, print } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

export interface CompareCommandOptions {
  readonly tolerance: number;
  readonly json?: boolean;
}

/** Runs the command. Answers the exit code. */
export async function compareCommand(
  paths: readonly string[],
  { tolerance, json }: CompareCommandOptions,
): Promise<number> {
  const files = (await Promise.all(paths.map(resultFiles))).flat();
  const results = (await Promise.all(files.map(readResults))).flat();
  const found = study(results, { tolerance });
  if (json) {
    const { checkpoints, ...rest } = found;
    const named = checkpoints.map(({ name, lineage, family, result }) => ({
      ...{ name, lineage, family, sha256: result.checkpoint.sha256 },
    }));
    print(JSON.stringify({ checkpoints: named, ...rest }, null, 2));
  } else print(studyLines(found, columns()).join("\n"));
  return EXIT.ok;
}

/** A result file, or those in a folder that evaluate --out wrote. */
async function resultFiles(path: string): Promise<string[]> {
  const there = await stat(path).catch(() => null);
  if (!there?.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => name.endsWith(".json")).sort();
  if (names.length === 0) throw new UsageError(`The folder ${path} holds no results (.json).`);
  return names.map((name) => join(path, name));
}
