/** Options and help of `plateau export` and `plateau import`: backups, and moving a board. */
import type { Command } from "commander";
import { server, tokenFile } from "../client/server-options.ts";
import type { ExportOptions } from "../commands/export.ts";
import type { ImportOptions } from "../commands/import.ts";

export function addArchive(program: Command): void {
  program
    .command("export")
    .summary("write all that a board shows to a file")
    .description(
      "Writes all suites and results of a board, with cards and origins, to a file that plateau import takes. Models, uploads, " +
        "tokens, accounts and evaluations that did not end are not in it.",
    )
    .argument("<file>", "where to; - for stdout")
    .addOption(server())
    .addOption(tokenFile())
    .addHelpText(
      "after",
      `
It takes a token with the scope admin.

Example:
  plateau export board.jsonl --server https://board.example.org --token-file admin-token`,
    )
    .action(async (file: string, options: ExportOptions) => {
      const { exportCommand } = await import("../commands/export.ts");
      process.exitCode = await exportCommand(file, options);
    });
  program
    .command("import")
    .summary("bring an export, or results, into a board")
    .description(
      "Brings what plateau export wrote into a board, or results of plateau evaluate --suite, as JSON lines, a record each. " +
        "Into an empty board it gives the same boards; importing the same again changes nothing.",
    )
    .argument("<file>", "what to bring in")
    .addOption(server())
    .addOption(tokenFile())
    .option("--replace", "put a result in the place of another one of the same checkpoint and suite")
    .addHelpText(
      "after",
      `
It takes a token with the scope admin.

Example:
  plateau import board.jsonl --server http://127.0.0.1:8787 --token-file .plateau/owner-token`,
    )
    .action(async (file: string, options: ImportOptions) => {
      const { importCommand } = await import("../commands/import.ts");
      process.exitCode = await importCommand(file, options);
    });
}
