/** Files of boards on this machine, by their hashes: each is downloaded once, and those not used for longest go first. */
import { mkdir, open, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { patiently, type Patience } from "../../../shared/api/client/patience.ts";
import { openFolder } from "../output-folder.ts";
import { downloadTo, type Download } from "./cached-file.ts";

/** A folder a file, so that a model finds nothing of others beside it. */
const NAME = "file";
/** Milliseconds between looks whether another worker is done with a download. */
const LOOK = 200;
/** Milliseconds after which a lock without its holder's id is one of a worker that ended right then. */
const NAMELESS = 10_000;

export class FileCache {
  readonly folder: string;
  readonly #limit: number;

  private constructor(folder: string, limit: number) {
    this.folder = folder;
    this.#limit = limit;
  }

  /**
   * @param limit bytes of all files; a single one that is larger is kept as long as it is used.
   * @throws UsageError where the folder cannot be made or written to.
   */
  static async in(folder: string, limit: number): Promise<FileCache> {
    await openFolder(folder, "--cache");
    return new FileCache(resolve(folder), limit);
  }

  /**
   * The path of a file, downloaded if it is not there. Several workers may share the folder.
   *
   * @throws WrongFileError; what requests throw, once patience is at its end.
   */
  async file(wanted: Download, patience: Patience): Promise<string> {
    const folder = join(this.folder, wanted.sha256);
    const path = join(folder, NAME);
    for (;;) {
      if (await isThere(path, wanted.bytes)) {
        const now = new Date();
        await utimes(path, now, now);
        return path;
      }
      await mkdir(folder, { recursive: true });
      const release = await lock(`${path}.lock`);
      if (!release) {
        await sleep(LOOK);
        continue;
      }
      try {
        await this.#makeRoom(wanted);
        await patiently(() => downloadTo(path, wanted), patience);
      } finally {
        await release();
      }
    }
  }

  async #makeRoom({ sha256, bytes }: Download): Promise<void> {
    const files = await Promise.all(
      (await readdir(this.folder))
        .filter((name) => /^[0-9a-f]{64}$/.test(name) && name !== sha256)
        .map(async (name) => ({
          folder: join(this.folder, name),
          ...(await sizeOf(join(this.folder, name))),
        })),
    );
    let total = bytes + files.reduce((sum, file) => sum + file.bytes, 0);
    for (const file of files.sort((a, b) => a.used - b.used)) {
      if (total <= this.#limit) return;
      await rm(file.folder, { recursive: true, force: true });
      total -= file.bytes;
    }
  }
}

async function isThere(path: string, bytes: number): Promise<boolean> {
  return (await stat(path).catch(() => null))?.size === bytes;
}

/** Whether finished or not. */
async function sizeOf(folder: string): Promise<{ readonly bytes: number; readonly used: number }> {
  const names = await readdir(folder).catch(() => []);
  const stats = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => null)));
  return {
    bytes: stats.reduce((sum, each) => sum + (each?.size ?? 0), 0),
    used: stats.reduce((latest, each) => Math.max(latest, each?.mtimeMs ?? 0), 0),
  };
}

/** Null where another process that lives holds it. */
async function lock(path: string): Promise<(() => Promise<void>) | null> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, "wx");
    await file.writeFile(String(process.pid));
    await file.close();
    return () => rm(path, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const holder = Number(await readFile(path, "utf8").catch(() => "0"));
  const age = Date.now() - ((await stat(path).catch(() => null))?.mtimeMs ?? Infinity);
  // Whoever holds it may not have written its id yet.
  if (holder > 0 ? !isAlive(holder) : age > NAMELESS) await rm(path, { force: true });
  return null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
