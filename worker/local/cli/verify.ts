/** Options and help of `plateau verify`: a result against its replay. */
import type { Command } from "commander";
import type { VerifyCommandOptions } from "../commands/verify.ts";
import { device, threads, quiet } from "./options.ts";

export function addVerify(program: Command): void {
  program
    .command("verify")
    .summary("evaluate again what a result claims, and compare")
    .description(
      "Evaluates again what a result claims, with the seed, directions and ε of its receipt, and compares each measure's " +
        "value, errors, tensors, unit, directions and ε. Exit code 1 where any does not agree.",
    )
    .argument("<result>", "a file that evaluate wrote with --json or --out")
    .argument("<model>", "the ONNX file it is about")
    .option("--corpus <file>", "the corpus (default: the file of that name beside the result or the model)")
    .option("--suite <suite>", "the suite, where it is a file of your own")
    .addOption(threads())
    .addOption(device())
    .addOption(quiet())
    .addHelpText(
      "after",
      `
Examples:
  plateau verify result.json model.onnx
  plateau verify results.json step-1000.onnx --corpus dev.jsonl --device cuda`,
    )
    .action(async (result: string, model: string, options: VerifyCommandOptions) => {
      const { verifyCommand } = await import("../commands/verify.ts");
      process.exitCode = await verifyCommand(result, model, options);
    });
}
