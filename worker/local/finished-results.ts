/** `--out DIR`: one file per finished evaluation, so that a run that stopped goes on where it was. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { resultSchema, type Result } from "../../shared/evaluate/result-schema.ts";
import { openFolder } from "./output-folder.ts";
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
    await openFolder(folder, "--out");
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
