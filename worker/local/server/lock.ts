/** One board at a time may use a folder: two would write to the same databases. */
import { DatabaseSync } from "node:sqlite";
import { UsageError } from "../usage-error.ts";
import type { Storage } from "./storage.ts";

/** Collected, a database would be closed, and unlocked. */
const held: DatabaseSync[] = [];

/**
 * Held until the process ends, however it ends: the system itself drops a SQLite lock.
 *
 * @throws UsageError where another board has it.
 */
export function lockStorage({ folder, lock }: Storage): void {
  const database = new DatabaseSync(lock);
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (!/locked/.test(String(error))) throw error;
    throw new UsageError(
      `Another board runs with the storage ${folder}; stop it, or give this one another with --storage.`,
    );
  }
  held.push(database);
}
