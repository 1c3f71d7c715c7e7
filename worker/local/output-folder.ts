/** Folders that commands write into. */
import { constants } from "node:fs";
import { access, mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { UsageError } from "./usage-error.ts";

/**
 * Makes the folder where it is missing.
 *
 * @param option how errors call it, such as `--out`.
 * @throws UsageError where it cannot be made or written to.
 */
export async function openFolder(folder: string, option: string): Promise<void> {
  if (folder === "") throw new UsageError(`${option} is empty; name a folder.`);
  const there = await stat(folder).catch(() => null);
  if (there && !there.isDirectory()) {
    throw new UsageError(`${option} ${folder} is ${there.isFile() ? "a file" : "no folder"}; name a folder.`);
  }
  try {
    await makeFolder(resolve(folder));
    await access(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      there
        ? `${option} ${folder} may not be written to.`
        : `${option} ${folder} cannot be made a folder (${code}).`,
    );
  }
}

/** Step by step: where a folder's parent takes no folders (`/proc`), Node's recursive mkdir never returns. */
async function makeFolder(folder: string): Promise<void> {
  const missing: string[] = [];
  let above = folder;
  for (; !(await stat(above).catch(() => null)) && dirname(above) !== above; above = dirname(above)) {
    missing.unshift(above);
  }
  for (const each of missing) {
    await mkdir(each).catch(async (error: unknown) => {
      // Another process may have made it meanwhile.
      const made = await stat(each).catch(() => null);
      if (!made?.isDirectory()) throw error;
    });
  }
}
