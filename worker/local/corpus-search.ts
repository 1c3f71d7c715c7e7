/** Finds the corpus that a receipt names, when the user does not. */
import { access } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UsageError } from "./usage-error.ts";

/**
 * The first file of that name: as the receipt has it, beside the result, beside the model, or here.
 *
 * @throws UsageError where there is none.
 */
export async function findCorpus(named: string, resultPath: string, modelPath: string): Promise<string> {
  const name = basename(named);
  const candidates = [named, join(dirname(resultPath), name), join(dirname(modelPath), name), name];
  for (const path of candidates) {
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists) return path;
  }
  throw new UsageError(`The corpus ${named} of the result is not here; say where it is with --corpus FILE.`);
}
