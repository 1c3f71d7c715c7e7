/** The folder that holds all that a board knows, and where in it things lie. */
import { chmod } from "node:fs/promises";
import { join, resolve } from "node:path";
import { openFolder } from "../output-folder.ts";

export interface Storage {
  readonly folder: string;
  /** D1 and R2, as Wrangler keeps them. */
  readonly state: string;
  /** The owner's token, where this board made it. */
  readonly tokenFile: string;
  /** What happened, and what the Workers and Wrangler have to say. */
  readonly log: string;
  /** Wrangler's own files, of no use to anybody else. */
  readonly wrangler: string;
  readonly lock: string;
  /** What was brought in at the start: see seed/. */
  readonly seeded: string;
}

/**
 * Makes the folder where it is missing; nobody else may look into it, since it holds weights that are private.
 *
 * @throws UsageError where it cannot be made or written to.
 */
export async function openStorage(path: string): Promise<Storage> {
  await openFolder(path, "--storage");
  const folder = resolve(path);
  await chmod(folder, 0o700);
  return {
    folder,
    state: join(folder, "state"),
    tokenFile: join(folder, "owner-token"),
    log: join(folder, "server.log"),
    wrangler: join(folder, "wrangler"),
    lock: join(folder, "lock"),
    seeded: join(folder, "seeded.json"),
  };
}
