/** The command line. What each command takes is in cli/, its work in commands/. */
import { Command, CommanderError } from "commander";
import { addArchive } from "./cli/archive.ts";
import { addBoard } from "./cli/board.ts";
import { addCompare } from "./cli/compare.ts";
import { addCorpus } from "./cli/corpus.ts";
import { addEvaluate } from "./cli/evaluate.ts";
import { addInspect } from "./cli/inspect.ts";
import { addLanguage } from "./cli/language.ts";
import { addPush } from "./cli/push.ts";
import { addServer } from "./cli/server.ts";
import { addSuites } from "./cli/suites.ts";
import { addVerify } from "./cli/verify.ts";
import { addWorker } from "./cli/worker.ts";
import { HELP_WIDTH, measureHelp } from "./cli/options.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { VERSION } from "./version.ts";

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

// In the order in which the help lists them.
addEvaluate(program);
addCompare(program);
addInspect(program);
addVerify(program);
addSuites(program);
addLanguage(program);
addCorpus(program);
addServer(program);
addPush(program);
addBoard(program);
addWorker(program);
addArchive(program);

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
