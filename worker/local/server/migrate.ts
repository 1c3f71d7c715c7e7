/** Brings the database up to what the Workers expect. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runNode } from "./run-node.ts";
import type { Storage } from "./storage.ts";
import { ROOT, WRANGLER, wranglerEnvironment } from "./workers.ts";

const MIGRATIONS = join(ROOT, "worker/migrations");

/** Does nothing where these very migrations were applied before: asking Wrangler takes seconds. */
export async function migrate({ state, wrangler }: Storage, config: string): Promise<void> {
  // Beside the database, so that both go together.
  const mark = join(state, "migrated");
  const stamp = await migrationsStamp();
  if ((await readFile(mark, "utf8").catch(() => "")) === stamp) return;
  await mkdir(state, { recursive: true });
  const args = ["d1", "migrations", "apply", "DB", "--local", "--config", config, "--persist-to", state];
  await runNode(WRANGLER, args, { env: wranglerEnvironment(wrangler), doing: "Preparing the database" });
  await writeFile(mark, stamp);
}

async function migrationsStamp(): Promise<string> {
  const hash = createHash("sha256");
  for (const name of (await readdir(MIGRATIONS)).sort()) {
    hash.update(`${name}\n`).update(await readFile(join(MIGRATIONS, name)));
  }
  return hash.digest("hex");
}
