/** The command line: what can be asked for, and how it is explained. Each command's work is in commands/. */
import { Command, CommanderError, Option } from "commander";
import { DEFAULT_MEASURES, MEASURES } from "../../shared/measures/index.ts";
import type { EvaluateCommandOptions } from "./commands/evaluate.ts";
import type { InspectCommandOptions } from "./commands/inspect.ts";
import type { VerifyCommandOptions } from "./commands/verify.ts";
import { DEVICES } from "./devices.ts";
import { EXIT, reportFailure } from "./failure.ts";
import {
  collect,
  commaSeparated,
  fraction,
  LARGEST_DIRECTIONS,
  stepSize,
  wholeNumber,
} from "./parse-options.ts";
import { wrap } from "./terminal.ts";
import { VERSION } from "./version.ts";

const HELP_WIDTH = 80;

const measureHelp = [
  "",
  "Measures (* unless --measures says otherwise; loss is always measured):",
  ...MEASURES.flatMap(({ id, description }) => {
    const mark = DEFAULT_MEASURES.includes(id) ? "*" : " ";
    return wrap(`  ${mark} ${id.padEnd(24)}${description}`, HELP_WIDTH, " ".repeat(28));
  }),
].join("\n");

const device = () => new Option("--device <device>", "where the model runs").choices(DEVICES).default("cpu");
const threads = () =>
  new Option("--threads <n>", "processor threads (default: all cores)").argParser(wholeNumber(1, 1024));
const quiet = () => new Option("--quiet", "no progress on stderr");

const program = new Command("plateau")
  .description(
    "Measures how flat the minimum is that a language model lies in, from forward passes of its ONNX export.",
  )
  .version(VERSION, "--version", "show the version")
  .helpOption("--help", "show help")
  .helpCommand(false)
  .configureHelp({ helpWidth: HELP_WIDTH })
  .addHelpText(
    "after",
    `${measureHelp}

Examples:
  plateau evaluate step-*.onnx --corpus dev.jsonl --objective mlm --out results
  plateau inspect model.onnx
  plateau verify result.json model.onnx

plateau COMMAND --help tells more. Exit code: 0 ok, 1 failed, 2 wrong usage.`,
  );

program
  .command("evaluate")
  .summary("measure the loss and its curvature")
  .description(
    "Measures the loss of ONNX language models on a corpus, and how it curves around their weights. " +
      "A table goes to stdout, progress to stderr.",
  )
  .argument("<models...>", "ONNX files, evaluated one after another with the same directions")
  .requiredOption(
    "--corpus <file>",
    "JSON lines with input_ids and labels, as for Hugging Face models; label -100 is ignored",
  )
  .addOption(
    new Option(
      "--objective <objective>",
      "mlm: labels stand where they are predicted; clm: the model predicts the next token",
    )
      .choices(["mlm", "clm"])
      .makeOptionMandatory(),
  )
  .addOption(
    new Option("--measures <ids>", "what to measure, separated by commas")
      .argParser(commaSeparated)
      .default(DEFAULT_MEASURES, DEFAULT_MEASURES.join(",")),
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
  .addOption(new Option("--seed <n>", "which random directions").argParser(wholeNumber(0)).default(1))
  .addOption(
    new Option("--batch <n>", "pairs of example and direction in a pass, at most")
      .argParser(wholeNumber(1, 65_536))
      .default(32),
  )
  .addOption(threads())
  .addOption(device())
  .option("--per-layer", "split the traces by tensor, at about twice the cost")
  .option("--include <glob>", "move only parameters of this name (repeatable; * and ?)", collect)
  .option("--exclude <glob>", "leave parameters of this name where they are (repeatable)", collect)
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
  plateau evaluate model.onnx --corpus dev.jsonl --objective clm
  plateau evaluate step-*.onnx --corpus dev.jsonl --objective mlm \\
      --precision 2% --out results --csv results.csv
  plateau evaluate model.onnx --corpus dev.jsonl --objective mlm --per-layer \\
      --measures adaptive-fisher-trace --exclude 'embeddings.*' --json -`,
  )
  .action(async (models: string[], options: EvaluateCommandOptions) => {
    const { evaluateCommand } = await import("./commands/evaluate.ts");
    process.exitCode = await evaluateCommand(models, options);
  });

program
  .command("inspect")
  .summary("show inputs, parameters, ties and how each is moved")
  .description(
    "Shows what a model holds: inputs, outputs, parameters, which of them are tied, and how directions move them. " +
      "Weights are not loaded, but for one run on a few made-up tokens.",
  )
  .argument("<model>", "an ONNX file")
  .option("--static", "do not run the model; how parameters are moved is then not known")
  .option("--json", "everything, as JSON")
  .addHelpText(
    "after",
    `
Examples:
  plateau inspect model.onnx
  plateau inspect model.onnx --json | jq -r '.parameters[].name'`,
  )
  .action(async (model: string, options: InspectCommandOptions) => {
    const { inspectCommand } = await import("./commands/inspect.ts");
    process.exitCode = await inspectCommand(model, options);
  });

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
    const { verifyCommand } = await import("./commands/verify.ts");
    process.exitCode = await verifyCommand(result, model, options);
  });

for (const command of [program, ...program.commands]) {
  command
    .helpOption("--help", "show help")
    .exitOverride()
    .configureHelp({ helpWidth: HELP_WIDTH })
    .configureOutput({
      // One sentence, and where to read on.
      outputError: (text, write) => {
        const path = command === program ? "plateau" : `plateau ${command.name()}`;
        write(
          `plateau: ${text
            .trim()
            .replace(/^error: /, "")
            .replaceAll("\n", " ")
            .replace(/[.]?$/, ".")} See ${path} --help.\n`,
        );
      },
    });
}

// Whoever reads may stop early (`| head`).
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) =>
    process.exit(error.code === "EPIPE" ? process.exitCode : EXIT.failed),
  );
}
process.on("uncaughtException", (error) => process.exit(reportFailure(error)));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else process.exitCode = reportFailure(error);
}
