/** Options and help of `plateau evaluate`: models on a corpus or a suite. */
import { Option, type Command } from "commander";
import type { EvaluateCommandOptions } from "../commands/evaluate.ts";
import {
  LARGEST_DIRECTIONS,
  collect,
  commaSeparated,
  fraction,
  stepSize,
  wholeNumber,
} from "../parse-options.ts";
import { device, threads, objective, quiet, measureHelp } from "./options.ts";

export function addEvaluate(program: Command): void {
  program
    .command("evaluate")
    .summary("measure the loss and its curvature")
    .description(
      "Measures the loss of ONNX language models on a corpus, and how it curves around their weights. " +
        "A table goes to stdout, progress to stderr.",
    )
    .argument("<models...>", "ONNX files, evaluated one after another with the same directions")
    .option(
      "--suite <suite>",
      "a suite by name, or its file: it fixes corpus, measures, downstream tasks, directions and seed",
    )
    .option(
      "--corpus <file>",
      "JSON lines with input_ids and labels, as for Hugging Face models; label -100 is ignored",
    )
    .addOption(objective())
    .addOption(
      new Option(
        "--measures <ids>",
        "what to measure, separated by commas (default: those marked below)",
      ).argParser(commaSeparated),
    )
    .addOption(
      new Option(
        "--directions <n>",
        "random directions that every example draws (default: 8, or 1024 at most with --precision)",
      ).argParser(wholeNumber(1, LARGEST_DIRECTIONS)),
    )
    .addOption(
      new Option(
        "--precision <p>",
        "stop once the direction error of every trace is this small, such as 5%",
      ).argParser(fraction),
    )
    .addOption(
      new Option(
        "--epsilon <e>",
        "step along a direction, such as 2^-11 (default: chosen for each model)",
      ).argParser(stepSize),
    )
    .addOption(new Option("--seed <n>", "which random directions (default: 1)").argParser(wholeNumber(0)))
    .addOption(
      new Option("--batch <n>", "pairs of example and direction in a pass, at most")
        .argParser(wholeNumber(1, 65_536))
        .default(32),
    )
    .addOption(threads())
    .addOption(device())
    .option("--per-layer", "split the traces by tensor, at about twice the cost")
    .option("--include <glob>", "measure only parameters of this name (repeatable; * and ?)", collect)
    .option("--exclude <glob>", "leave parameters of this name out of the traces (repeatable)", collect)
    .option("--out <dir>", "keep one result a model there, and skip what is kept already")
    .option("--json <file>", "write results in full; - for stdout, in place of the table")
    .option(
      "--csv <file>",
      "write results as a row a measure (and a row a tensor with --per-layer); - for stdout",
    )
    .addOption(quiet())
    .addHelpText(
      "after",
      `${measureHelp}

Examples:
  plateau evaluate model.onnx --suite pcfg-mini
  plateau evaluate model.onnx --corpus dev.jsonl --objective clm
  plateau evaluate step-*.onnx --corpus dev.jsonl --objective mlm \\
      --precision 2% --out results --csv results.csv
  plateau evaluate model.onnx --corpus dev.jsonl --objective mlm --per-layer \\
      --measures adaptive-fisher-trace --exclude 'embeddings.*' --json -`,
    )
    .action(async (models: string[], options: EvaluateCommandOptions) => {
      const { evaluateCommand } = await import("../commands/evaluate.ts");
      process.exitCode = await evaluateCommand(models, options);
    });
}
