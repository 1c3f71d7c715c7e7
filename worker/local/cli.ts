/** The command line: what can be asked for, and how it is explained. Each command's work is in commands/. */
import { Command, CommanderError, Option } from "commander";
import { SEPARATORS } from "../../shared/corpus/text-documents.ts";
import { DEFAULT_MEASURES, MEASURES } from "../../shared/measures/index.ts";
import type { CompareCommandOptions } from "./commands/compare.ts";
import type { CorpusCommandOptions } from "./commands/corpus.ts";
import type { EvaluateCommandOptions } from "./commands/evaluate.ts";
import type { InspectCommandOptions } from "./commands/inspect.ts";
import type { LanguageCommandOptions } from "./commands/language.ts";
import type { SuitesCommandOptions } from "./commands/suites.ts";
import type { VerifyCommandOptions } from "./commands/verify.ts";
import { DEVICES } from "./devices.ts";
import { EXIT, reportFailure } from "./failure.ts";
import {
  collect,
  commaSeparated,
  fraction,
  LARGEST_DIRECTIONS,
  positive,
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
const objective = () =>
  new Option(
    "--objective <objective>",
    "mlm: labels stand where they are predicted; clm: the model predicts the next token",
  ).choices(["mlm", "clm"]);
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
  plateau evaluate step-*.onnx --suite pcfg-mini --out results
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
    const { evaluateCommand } = await import("./commands/evaluate.ts");
    process.exitCode = await evaluateCommand(models, options);
  });

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
    const { verifyCommand } = await import("./commands/verify.ts");
    process.exitCode = await verifyCommand(result, model, options);
  });

program
  .command("language")
  .summary("show a language's shape and the least loss a model can have")
  .description(
    "Shows what a probabilistic context-free grammar or a hidden Markov model holds, and its optimal masked-word loss: " +
      "the entropy of a hidden word given the others, from exact conditionals. No model does better.",
  )
  .argument("<file>", "a grammar, a hidden Markov model, or the name of a suite of a known language")
  .addOption(
    new Option("--sentences <n>", "sentences that the loss is averaged over, a masked word in each")
      .argParser(wholeNumber(2, 1e8))
      .default(4000),
  )
  .addOption(new Option("--seed <n>", "which sentences").argParser(wholeNumber(0)).default(1))
  .addOption(new Option("--json", "everything, as JSON"))
  .addOption(
    new Option("--sample <n>", "only write this many sentences, as JSON lines of token ids and words")
      .argParser(wholeNumber(1, 1e9))
      .conflicts(["json", "sentences"]),
  )
  .addOption(quiet())
  .addHelpText(
    "after",
    `
A grammar has a rule a line, 'LHS RHS... probability': two non-terminals, one,
or a word on the right; the first line's left side is where sentences start.
What is never on a left side is a word; repeated rules add up.

A hidden Markov model is JSON: {"words": [...], "initial": [...],
"transitions": [[...]], "emissions": [[...]], "lengths": [...]}, with a row a
state; lengths holds the probabilities of 1, 2, ... words.

Token ids: 0 pads, 1 masks, and words count from 2, in order of first use.

Examples:
  plateau language rules.txt
  plateau language hmm.json --sentences 20000 --json | jq .maskedLoss
  plateau language pcfg-mini --sample 1000000 --seed 2 > train.jsonl`,
  )
  .action(async (file: string, options: LanguageCommandOptions) => {
    const { languageCommand } = await import("./commands/language.ts");
    process.exitCode = await languageCommand(file, options);
  });

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
    const { compareCommand } = await import("./commands/compare.ts");
    process.exitCode = await compareCommand(results, options);
  });

program
  .command("corpus")
  .summary("make a corpus from text or token ids")
  .description(
    "Cuts text, or documents of token ids, into examples of a fixed length for evaluate --corpus; with --train also " +
      "into examples to train on, in which no piece of the corpus occurs.",
  )
  .argument("<files...>", "text files, or JSON lines with text (with --tokenizer) or input_ids")
  .addOption(objective().makeOptionMandatory())
  .requiredOption("--output <file>", "the examples, as JSON lines")
  .option("--tokenizer <file>", "a Hugging Face tokenizer.json")
  .option("--train <file>", "hold documents out, and write examples of all others there")
  .addOption(
    new Option("--held-out <share>", "share of the documents that --train leaves out")
      .argParser(fraction)
      .default(0.1, "10%"),
  )
  .addOption(
    new Option("--documents <by>", "what parts the documents of a text").choices(SEPARATORS).default("file"),
  )
  .addOption(
    new Option("--length <n>", "tokens of an example, at most")
      .argParser(wholeNumber(1, 131_072))
      .default(64),
  )
  .addOption(
    new Option("--examples <n>", "examples, at most").argParser(wholeNumber(1, 10_000_000)).default(2000),
  )
  .addOption(new Option("--seed <n>", "which examples").argParser(wholeNumber(0)).default(1))
  .option("--mask-token <token>", "the token that masks, where the tokenizer does not say")
  .addOption(new Option("--mask-id <id>", "the same as an id, for token ids").argParser(wholeNumber(0)))
  .addHelpText(
    "after",
    `
Examples:
  plateau corpus books/*.txt --tokenizer tokenizer.json --objective clm --output dev.jsonl
  plateau corpus tokens.jsonl --objective mlm --mask-id 103 --output dev.jsonl --train train.jsonl`,
  )
  .action(async (files: string[], options: CorpusCommandOptions) => {
    const { corpusCommand } = await import("./commands/corpus.ts");
    process.exitCode = await corpusCommand(files, options);
  });

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
    new Option("--sentences <n>", "sentences to train on").argParser(wholeNumber(1, 1e9)).default(1_000_000),
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
    const { suitesCommand } = await import("./commands/suites.ts");
    process.exitCode = await suitesCommand(suite, options);
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
