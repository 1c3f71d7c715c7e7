/** Options and help of `plateau push`: models to a board. */
import type { Command } from "commander";
import { server, tokenFile } from "../client/server-options.ts";
import type { PushCommandOptions } from "../commands/push.ts";
import { quiet } from "./options.ts";

export function addPush(program: Command): void {
  program
    .command("push")
    .summary("upload models to a board and have them evaluated")
    .description(
      "Uploads models, each with the card beside it (NAME.card.json), has the board evaluate them, and shows their rows. " +
        "What was interrupted goes on when the command is run again.",
    )
    .argument("<models...>", "ONNX files")
    .addOption(server())
    .addOption(tokenFile())
    .option("--suite <suite>", "what to evaluate with (default: the board's only suite)")
    .option("--public", "anyone may download the model; results are public in any case")
    .option("--no-evaluate", "upload alone")
    .option("--json", "the checkpoints, as JSON")
    .addOption(quiet())
    .addHelpText(
      "after",
      `
The token is read from the file, or from PLATEAU_TOKEN: whoever can see this
machine's processes can see command lines.

Examples:
  plateau push step-1000.onnx --suite pcfg-mini --token-file .plateau/owner-token
  PLATEAU_TOKEN=... plateau push step-*.onnx --suite text --server https://board.example`,
    )
    .action(async (models: string[], options: PushCommandOptions) => {
      const { pushCommand } = await import("../commands/push.ts");
      process.exitCode = await pushCommand(models, options);
    });
}
