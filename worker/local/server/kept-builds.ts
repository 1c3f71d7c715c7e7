/** What was built is kept, and built again only when one of the files that went in has changed. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PlateauError } from "../../../shared/errors.ts";
import { ROOT } from "./workers.ts";

/** Something cannot be built. */
export class BuildError extends PlateauError {}

export interface BuildOptions {
  /** What it is, in other words than all else that is built. */
  readonly name: string;
  /** Builds into the folder, and answers the paths of all files that went in. */
  readonly build: (folder: string) => Promise<readonly string[]>;
  readonly folder?: string;
}

const BUILDS = join(ROOT, "dist/local");
/** So many stay, for boards that still run with them. */
const KEPT = 12;
/** Milliseconds after which an unfinished build was given up. */
const GIVEN_UP = 3_600_000;

/** Answers the folder of the build. @throws BuildError, and what building throws. */
export async function keptBuild({ name, build, folder = BUILDS }: BuildOptions): Promise<string> {
  const list = join(folder, `${digest(name)}.inputs.json`);
  const known = await readFile(list, "utf8").then(
    (text) => stampOf(name, JSON.parse(text) as string[]),
    () => null,
  );
  if (known !== null && (await exists(join(folder, known)))) return join(folder, known);

  await mkdir(folder, { recursive: true });
  const draft = await mkdtemp(join(folder, "draft-"));
  try {
    const inputs = await build(draft);
    const stamp = await stampOf(name, inputs);
    if (stamp === null)
      throw new BuildError(`A source of ${name} went away while it was built; start again.`);
    const place = join(folder, stamp);
    // Two that build at the same time build the same.
    await rename(draft, place).catch(async (error: unknown) => {
      if (!(await exists(place))) throw error;
    });
    await writeFile(list, JSON.stringify(inputs));
    await prune(folder);
    return place;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** One name for the content of all these files; null where one is gone. */
async function stampOf(name: string, paths: readonly string[]): Promise<string | null> {
  const hash = createHash("sha256").update(name);
  for (const path of [...paths].sort()) {
    const bytes = await readFile(path).catch(() => null);
    if (bytes === null) return null;
    hash.update(`${path}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex").slice(0, 16);
}

const digest = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 16);

async function prune(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => !name.endsWith(".json"));
  const dated = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      // Another process may have removed it.
      const time = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => Infinity,
      );
      return { path, time, draft: name.startsWith("draft-") };
    }),
  );
  const builds = dated.filter(({ draft }) => !draft).sort((a, b) => b.time - a.time);
  const drafts = dated.filter(({ draft, time }) => draft && time < Date.now() - GIVEN_UP);
  for (const { path } of [...builds.slice(KEPT), ...drafts]) await rm(path, { recursive: true, force: true });
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
