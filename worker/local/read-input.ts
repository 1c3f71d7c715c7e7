/** Opens the files that a command names, with a sentence for each way in which that fails. */
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { UsageError } from "./usage-error.ts";

/**
 * Opens a file for reading.
 *
 * @param what how errors call it, such as "model"; `advice` is what to do about a folder.
 * @throws UsageError where there is no such file, or it is something else.
 */
export async function openFile(path: string, what: string, advice: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    // A named pipe would keep open() waiting for a writer.
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw new UsageError(`${sentence(what)} ${path} ${openProblem(error)}.`);
  }
  const stat = await handle.stat();
  if (stat.isFile()) return handle;
  await handle.close();
  throw new UsageError(
    `${sentence(what)} ${path} is ${stat.isDirectory() ? `a folder; ${advice}` : "not a file"}.`,
  );
}

/** A whole text file, at most `limit` bytes. Throws UsageError like `openFile`, and where it is longer. */
export async function readBytes(
  path: string,
  what: string,
  advice: string,
  limit: number,
): Promise<Uint8Array> {
  const handle = await openFile(path, what, advice);
  try {
    const { size } = await handle.stat();
    if (size > limit) {
      throw new UsageError(`${sentence(what)} ${path} has ${size} bytes; at most ${limit} can be read.`);
    }
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

function openProblem(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return "does not exist; check the path";
    case "EACCES":
    case "EPERM":
      return "may not be read; check its permissions";
    default:
      return `cannot be opened (${code ?? String(error)})`;
  }
}

function sentence(what: string): string {
  return what[0]!.toUpperCase() + what.slice(1);
}
