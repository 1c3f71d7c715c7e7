/** Files that are whole or not there at all. */
import { constants, type Stats } from "node:fs";
import { access, readlink, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UsageError } from "./usage-error.ts";

/** Where an output goes in the end. */
export interface Destination {
  /** As the user names it. */
  readonly path: string;
  /** The file itself, links followed. */
  readonly target: string;
  /** Tells the file from all others, whatever it is called; null where it does not exist yet. */
  readonly inode: string | null;
  /** A pipe or a device, which is written to as it is: a file in its place would not reach who reads it. */
  readonly direct: boolean;
}

const MOST_LINKS = 40;

/** Writes beside the file and moves it into place, so that a reader never meets half of it. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.partial`;
  try {
    await writeFile(draft, text);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Throws UsageError where `path` could not be written in the end: better now than after hours of work. */
export async function findDestination(path: string): Promise<Destination> {
  if (path === "") throw new UsageError("The name of an output file is empty; give a path, or - for stdout.");
  const there = await stat(path).catch(() => null);
  if (there?.isDirectory()) throw new UsageError(`${path} is a folder; name a file in it.`);
  if (there?.isSocket())
    throw new UsageError(`${path} is a socket, which cannot be written to; name a file.`);
  if (there && (there.mode & 0o200) === 0) throw new UsageError(`${path} is read-only; name another file.`);
  // What /dev/stdout leads to may well be a file, but one that is open already.
  if (there && (!there.isFile() || /^\/(dev|proc)\//.test(path))) {
    return { path, target: path, inode: inodeOf(there), direct: true };
  }
  const target = await followLinks(path);
  if (!(await isWritable(dirname(target)))) {
    const folder = dirname(target === resolve(path) ? path : target);
    throw new UsageError(`${path} cannot be written: the folder ${folder} does not exist or is read-only.`);
  }
  if (there && !(await isWritable(target)))
    throw new UsageError(`${path} may not be written; name another file.`);
  return { path, target, inode: there && inodeOf(there), direct: false };
}

/** The file of that name, as `Destination.inode` tells it; null where there is none. */
export async function inodeAt(path: string): Promise<string | null> {
  const there = await stat(path).catch(() => null);
  return there && inodeOf(there);
}

function inodeOf({ dev, ino }: Stats): string {
  return `${dev}/${ino}`;
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** The real path of a file that need not exist; a link to what does not exist is followed as well. */
async function followLinks(path: string): Promise<string> {
  let target = resolve(path);
  for (let links = 0; links < MOST_LINKS; links++) {
    const folder = await realpath(dirname(target)).catch(() => dirname(target));
    target = join(folder, basename(target));
    const next = await readlink(target).catch(() => null);
    if (next === null) return target;
    target = resolve(folder, next);
  }
  throw new UsageError(`${path} is a link that leads nowhere.`);
}
