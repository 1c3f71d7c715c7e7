/** The models that a command names. */
import { glob, stat } from "node:fs/promises";
import { openFile } from "./read-input.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Paths of all models, patterns replaced by what they match (not every shell does that).
 *
 * @throws UsageError where one is missing or no file: before anything runs, since it may run for hours.
 */
export async function modelPaths(given: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  for (const path of given) {
    const exists = await stat(path).catch(() => null);
    if (exists || !/[*?[]/.test(path)) {
      const handle = await openFile(
        path,
        "model",
        `give the .onnx files in it, such as ${path.replace(/\/$/, "")}/*.onnx`,
      );
      await handle.close();
      paths.push(path);
      continue;
    }
    const found: string[] = [];
    for await (const match of glob(path)) found.push(match);
    if (found.length === 0) throw new UsageError(`No file matches ${path}.`);
    paths.push(...found.sort());
  }
  return inNumericOrder(paths);
}

/** Shells put step-10000 before step-2000. A list in their order is put in that of the numbers, any other is left. */
function inNumericOrder(paths: readonly string[]): string[] {
  const sorted = [...paths].sort();
  if (paths.some((path, i) => path !== sorted[i])) return [...paths];
  return sorted.sort(new Intl.Collator("en", { numeric: true }).compare);
}
