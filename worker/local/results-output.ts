/** Where results go: a table on stdout, or JSON there instead; files beside. */
import { layerLines } from "./layer-table.ts";
import { resultCsv } from "./result-csv.ts";
import { resultLines, type Labelled } from "./result-table.ts";
import { columns, print, printable } from "./terminal.ts";
import { warningLines, warningsOf } from "./warnings.ts";
import { assertWritable, writeWhole } from "./write-file.ts";

export interface OutputOptions {
  /** A file, or `-` for stdout in place of the table. */
  readonly json?: string;
  readonly csv?: string;
}

export class ResultsOutput {
  private readonly options: OutputOptions;
  private readonly single: boolean;

  private constructor(options: OutputOptions, single: boolean) {
    this.options = options;
    this.single = single;
  }

  /**
   * Throws UsageError where a file could not be written.
   *
   * @param single whether JSON holds one object rather than an array.
   */
  static async to(options: OutputOptions, single: boolean): Promise<ResultsOutput> {
    for (const path of [options.json, options.csv]) if (path && path !== "-") await assertWritable(path);
    return new ResultsOutput(options, single);
  }

  /** Writes the files; called after every model, so that little is lost when the next one takes everything down. */
  async save(results: readonly Labelled[]): Promise<void> {
    const { json, csv } = this.options;
    if (json && json !== "-") await writeWhole(json, this.json(results));
    if (csv) await writeWhole(csv, resultCsv(results.map(({ result }) => result)));
  }

  /** Shows everything at the end. */
  show(results: readonly Labelled[]): void {
    if (results.length === 0) return;
    if (this.options.json === "-") {
      print(this.json(results));
      return;
    }
    const width = columns();
    const named = results.map(({ label, result }) => ({ label: printable(label), result }));
    const warnings = warningLines(warningsOf(named), width).map(printable);
    const layers = named.map((each) => layerLines(each, width));
    const parts = [resultLines(named, width), ...layers, warnings].filter((lines) => lines.length > 0);
    print(parts.map((lines) => lines.join("\n")).join("\n\n"));
  }

  private json(results: readonly Labelled[]): string {
    const objects = results.map(({ result }) => result);
    return `${JSON.stringify(this.single ? (objects[0] ?? null) : objects, null, 2)}\n`;
  }
}
