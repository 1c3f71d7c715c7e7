/** Where results go: a table on stdout, or JSON or CSV there instead; files beside. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Labelled } from "../../shared/evaluate/labelled.ts";
import { warningsOf } from "../../shared/evaluate/warnings.ts";
import { cardPath } from "./card-file.ts";
import { layerLines } from "./layer-table.ts";
import { ModelFile } from "./model-file.ts";
import { resultCsv } from "./result-csv.ts";
import { resultLines } from "./result-table.ts";
import { columns, print, printable } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";
import { warningLines } from "./warnings.ts";
import { findDestination, inodeAt, writeWhole, type Destination } from "./write-file.ts";

export interface OutputOptions {
  /** A file, or `-` for stdout in place of the table. */
  readonly json?: string;
  readonly csv?: string;
  /** The folder of finished results. */
  readonly out?: string;
}

/** What must not be written over. */
export interface Inputs {
  readonly models: readonly string[];
  /** The corpus or the suite; what is no file is no harm. */
  readonly material: readonly string[];
}

type Format = "json" | "csv";
const FORMATS: readonly Format[] = ["json", "csv"];

export class ResultsOutput {
  private readonly files: ReadonlyMap<Format, Destination>;
  /** What stdout holds in place of the table. */
  private readonly stdout: Format | undefined;
  private readonly single: boolean;

  private constructor(files: ReadonlyMap<Format, Destination>, stdout: Format | undefined, single: boolean) {
    this.files = files;
    this.stdout = stdout;
    this.single = single;
  }

  /**
   * JSON holds one object for a single model, an array for several.
   *
   * @throws UsageError where a file could not be written, or is an input or another output.
   */
  static async to(options: OutputOptions, inputs: Inputs): Promise<ResultsOutput> {
    const files = new Map<Format, Destination>();
    const stdout = FORMATS.filter((format) => options[format] === "-");
    if (stdout.length > 1) {
      throw new UsageError("--json and --csv cannot both go to stdout; name a file for one of them.");
    }
    for (const format of FORMATS) {
      const path = options[format];
      if (path !== undefined && path !== "-") files.set(format, await findDestination(path));
    }
    const [json, csv] = [files.get("json"), files.get("csv")];
    if (json && csv && (json.target === csv.target || (json.inode !== null && json.inode === csv.inode))) {
      throw new UsageError(`--json ${json.path} and --csv ${csv.path} are the same file; name two.`);
    }
    for (const { path, target } of files.values()) {
      if (options.out && target === resolve(options.out)) {
        throw new UsageError(`${path} is the folder of --out; name a file.`);
      }
    }
    await assertNoInput([...files.values()], inputs);
    return new ResultsOutput(files, stdout[0], inputs.models.length === 1);
  }

  /** Writes the files; called after every model, so that little is lost when the next one takes everything down. */
  async save(results: readonly Labelled[]): Promise<void> {
    for (const [format, { target, direct }] of this.files) {
      if (!direct) await writeWhole(target, this.text(format, results));
    }
  }

  /** Shows everything at the end, and writes it to pipes and devices, which cannot be written twice. */
  async finish(results: readonly Labelled[]): Promise<void> {
    if (results.length === 0) return;
    this.show(results);
    for (const [format, { target, direct }] of this.files) {
      if (direct) await writeFile(target, this.text(format, results));
    }
  }

  private show(results: readonly Labelled[]): void {
    if (this.stdout) {
      print(this.text(this.stdout, results));
      return;
    }
    const width = columns();
    const named = results.map((each) => ({ ...each, label: printable(each.label) }));
    const warnings = warningLines(warningsOf(named), width).map(printable);
    const layers = named.map((each) => layerLines(each, width));
    const parts = [resultLines(named, width), ...layers, warnings].filter((lines) => lines.length > 0);
    print(parts.map((lines) => lines.join("\n")).join("\n\n"));
  }

  private text(format: Format, results: readonly Labelled[]): string {
    return format === "json" ? this.json(results) : resultCsv(results.map(({ result }) => result));
  }

  private json(results: readonly Labelled[]): string {
    const objects = results.map(({ result }) => result);
    return `${JSON.stringify(this.single ? (objects[0] ?? null) : objects, null, 2)}\n`;
  }
}

/** Only what exists can be an input, so models are opened for their external data only where an output exists. */
async function assertNoInput(outputs: readonly Destination[], { models, material }: Inputs): Promise<void> {
  const existing = outputs.filter(({ inode, direct }) => inode !== null && !direct);
  if (existing.length === 0) return;
  const refuse = async (input: string, what: string) => {
    const inode = await inodeAt(input);
    const output = existing.find((each) => each.inode === inode);
    if (!output) return;
    throw new UsageError(`${output.path} is ${what}, which the output would destroy; name another file.`);
  };
  for (const input of material) await refuse(input, "the corpus or the suite");
  for (const model of models) {
    await refuse(model, "a model to be evaluated");
    await refuse(cardPath(model), `the card of ${model}`);
    // One that cannot be read is told of when its turn comes.
    const file = await ModelFile.open(model).catch(() => null);
    if (!file) continue;
    const { paths } = file;
    await file.close();
    for (const path of paths.slice(1)) await refuse(path, `external data of ${model}`);
  }
}
