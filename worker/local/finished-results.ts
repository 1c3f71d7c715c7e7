/** `--out DIR`: one file per finished evaluation, so that a run that stopped goes on where it was. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { resultSchema, type Result } from "../../shared/evaluate/result-schema.ts";
import { UsageError } from "./usage-error.ts";
import { writeWhole } from "./write-file.ts";

/** What a result depends on; two evaluations that agree in all of it give the same numbers. */
export interface Identity {
  readonly modelSha256: string;
  readonly externalSha256: readonly string[];
  readonly corpusSha256: string;
  readonly seed: number;
  /** Every option that numbers depend on, and the versions of what computes them. */
  readonly options: Readonly<Record<string, unknown>>;
}

export type Found = { readonly result: Result } | "unreadable" | null;

export class FinishedResults {
  private readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes the folder where it is missing. Throws UsageError where it cannot be. */
  static async in(folder: string): Promise<FinishedResults> {
    if (folder === "") throw new UsageError("--out is empty; name a folder.");
    const there = await stat(folder).catch(() => null);
    if (there && !there.isDirectory()) {
      throw new UsageError(`--out ${folder} is ${there.isFile() ? "a file" : "no folder"}; name a folder.`);
    }
    try {
      await makeFolder(resolve(folder));
      await access(folder, constants.W_OK);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new UsageError(
        there
          ? `--out ${folder} may not be written to.`
          : `--out ${folder} cannot be made a folder (${code}).`,
      );
    }
    return new FinishedResults(folder);
  }

  /** The finished result of this identity, whatever the model was called then. */
  async find(identity: Identity): Promise<Found> {
    const name = await this.nameOf(identity);
    if (!name) return null;
    try {
      const result = resultSchema.parse(JSON.parse(await readFile(join(this.folder, name), "utf8")));
      const same =
        result.checkpoint.sha256 === identity.modelSha256 && result.corpus.sha256 === identity.corpusSha256;
      return same ? { result } : "unreadable";
    } catch {
      return "unreadable";
    }
  }

  /** Keeps a result, in a file named by the model's label and by its key. */
  async keep(identity: Identity, label: string, result: Result): Promise<void> {
    const fresh = `${label.replace(/[^\w.-]+/g, "_").slice(-80)}.${keyOf(identity)}.json`;
    // A file that could not be read is replaced, so that there is one per evaluation.
    const name = (await this.nameOf(identity)) ?? fresh;
    await writeWhole(join(this.folder, name), `${JSON.stringify(result, null, 2)}\n`);
  }

  private async nameOf(identity: Identity): Promise<string | undefined> {
    const ending = `.${keyOf(identity)}.json`;
    return (await readdir(this.folder)).find((name) => name.endsWith(ending));
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

function keyOf({ modelSha256, externalSha256, corpusSha256, seed, options }: Identity): string {
  const rest = createHash("sha256").update(
    JSON.stringify([modelSha256, externalSha256, corpusSha256, options]),
  );
  return [
    modelSha256.slice(0, 12),
    corpusSha256.slice(0, 8),
    `seed-${seed}`,
    rest.digest("hex").slice(0, 8),
  ].join(".");
}
