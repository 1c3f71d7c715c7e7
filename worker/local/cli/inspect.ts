/** Options and help of `plateau inspect`: what a model holds. */
import type { Command } from "commander";
import type { InspectCommandOptions } from "../commands/inspect.ts";

export function addInspect(program: Command): void {
  program
    .command("inspect")
    .summary("show inputs, parameters, ties and how each is measured")
    .description(
      "Shows what a model holds: inputs, outputs, parameters, which of them are tied, and how they are measured. " +
        "Weights are not loaded, but for one run on a few made-up tokens.",
    )
    .argument("<model>", "an ONNX file")
    .option("--static", "do not run the model; how parameters are measured is then not known")
    .option("--json", "everything, as JSON")
    .addHelpText(
      "after",
      `
Examples:
  plateau inspect model.onnx
  plateau inspect model.onnx --json | jq -r '.parameters[].name'`,
    )
    .action(async (model: string, options: InspectCommandOptions) => {
      const { inspectCommand } = await import("../commands/inspect.ts");
      process.exitCode = await inspectCommand(model, options);
    });
}
