/** Options and help of `plateau suites`: what suites there are. */
import { Option, type Command } from "commander";
import type { SuitesCommandOptions } from "../commands/suites.ts";
import { wholeNumber } from "../parse-options.ts";

export function addSuites(program: Command): void {
  program
    .command("suites")
    .summary("show the suites, and write their files")
    .description(
      "Shows the suites that Plateau brings along, or one suite in detail; writes a suite's file, or what models of its " +
        "language are trained on.",
    )
    .argument("[suite]", "a suite's name, or the path of a suite file")
    .option("--json", "as JSON")
    .option("--write <file>", "write the suite file: definition, corpus and tasks")
    .option("--training <dir>", "write training data; no sentence on which a probe is tested is in it")
    .addOption(
      new Option("--sentences <n>", "sentences to train on")
        .argParser(wholeNumber(1, 1e9))
        .default(1_000_000),
    )
    .addOption(
      new Option("--exact <n>", "sentences with the exact conditional of one hidden word")
        .argParser(wholeNumber(0, 1e7))
        .default(0),
    )
    .addOption(new Option("--seed <n>", "which sentences").argParser(wholeNumber(0)).default(1))
    .addHelpText(
      "after",
      `
Examples:
  plateau suites
  plateau suites pcfg-mini
  plateau suites pcfg-mini --training data --sentences 2000000`,
    )
    .action(async (suite: string | undefined, options: SuitesCommandOptions) => {
      const { suitesCommand } = await import("../commands/suites.ts");
      process.exitCode = await suitesCommand(suite, options);
    });
}
