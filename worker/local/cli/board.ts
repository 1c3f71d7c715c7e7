/** Options and help of `plateau board`: the rows of a board. */
import { Option, type Command } from "commander";
import { server } from "../client/server-options.ts";
import type { BoardCommandOptions } from "../commands/board.ts";
import { wholeNumber } from "../parse-options.ts";

export function addBoard(program: Command): void {
  program
    .command("board")
    .summary("show a board, or which boards there are")
    .description("Shows the checkpoints of a board, the least loss first, or lists the boards.")
    .argument("[suite]", "the suite of the board; without a version, the latest")
    .addOption(server())
    .option("--sort <key>", "name, run, family, step, parameters, added, a measure, or task: and a task's id")
    .addOption(
      new Option("--order <order>", "which end comes first (default: what is better)").choices([
        "asc",
        "desc",
      ]),
    )
    .option("--name <part>", "only names that hold this")
    .option("--family <family>", "only this family")
    .option("--run <run>", "only this run")
    .addOption(new Option("--limit <n>", "so many rows at most").argParser(wholeNumber(1)))
    .option("--json", "as JSON")
    .option("--csv", "as comma-separated values, all rows")
    .addHelpText(
      "after",
      `
Examples:
  plateau board
  plateau board pcfg-mini --sort fisher-trace --family adamw-d48
  plateau board pcfg-mini --sort task:task-A --csv > board.csv`,
    )
    .action(async (suite: string | undefined, options: BoardCommandOptions) => {
      const { boardCommand } = await import("../commands/board.ts");
      process.exitCode = await boardCommand(suite, options);
    });
}
