/** Options and help of `plateau compare`: results of several checkpoints. */
import { Option, type Command } from "commander";
import type { CompareCommandOptions } from "../commands/compare.ts";
import { positive } from "../parse-options.ts";

export function addCompare(program: Command): void {
  program
    .command("compare")
    .summary("which checkpoints have equal loss, and whether flatter ones transfer better")
    .description(
      "Says what results of several checkpoints say together: which have equal loss, how traces and accuracies go " +
        "together (intervals and p-values over runs), and which checkpoints cannot be told apart.",
    )
    .argument("<results...>", "result files, or folders of --out")
    .addOption(
      new Option("--tolerance <nats>", "losses this close count as equal").argParser(positive).default(0.01),
    )
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      `
Checkpoints of one run (run in their cards, and startedFrom where a run goes on
from another) count as one piece of evidence.

Examples:
  plateau compare results
  plateau compare a.json b.json c.json --tolerance 0.02`,
    )
    .action(async (results: string[], options: CompareCommandOptions) => {
      const { compareCommand } = await import("../commands/compare.ts");
      process.exitCode = await compareCommand(results, options);
    });
}
