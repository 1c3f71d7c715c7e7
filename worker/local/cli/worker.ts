/** Options and help of `plateau worker`: this machine for a board. */
import { Option, type Command } from "commander";
import { server, tokenFile } from "../client/server-options.ts";
import type { WorkerCommandOptions } from "../commands/worker.ts";
import { byteSize, timeSpan } from "../lent/units.ts";
import { device, quiet, threads } from "./options.ts";

export function addWorker(program: Command): void {
  program
    .command("worker")
    .summary("lend this machine to a board")
    .description(
      "Takes shards of evaluations from a board, runs them here, and sends back what they gave: those of models that are " +
        "too large for the board first. The board has some of them run again elsewhere, and takes no more work from whoever " +
        "sends something else than comes out there.",
    )
    .addOption(server())
    .addOption(tokenFile())
    .addOption(device())
    .addOption(threads())
    .addOption(
      new Option(
        "--memory <size>",
        "memory that running a shard may take, such as 8GB (default: 3/4 of all)",
      ).argParser(byteSize),
    )
    .addOption(
      new Option("--shard-time <time>", "time that a shard may take, such as 90s or 10m")
        .argParser(timeSpan)
        .default(600, "10m"),
    )
    .option("--cache <dir>", "where models and suites are kept (default: plateau in your cache folder)")
    .addOption(
      new Option("--cache-size <size>", "what may be kept there").argParser(byteSize).default(20e9, "20GB"),
    )
    .addOption(
      new Option(
        "--idle-exit <time>",
        "end when there was nothing to do for that long (default: wait)",
      ).argParser(timeSpan),
    )
    .option("--json", "a line of JSON for every shard")
    .addOption(quiet())
    .addHelpText(
      "after",
      `
The token needs the scope work. It is read from the file, or from PLATEAU_TOKEN:
whoever can see this machine's processes can see command lines.

Models run in a process of their own that knows no token, may write nothing, read
nothing but Plateau and the cache, and is ended when it takes too much memory or
time. The first signal finishes the shard in hand, or gives it back where that
takes too long; the second one ends at once.

Examples:
  plateau worker --token-file .plateau/owner-token
  PLATEAU_TOKEN=... plateau worker --server https://board.example --device cuda`,
    )
    .action(async (options: WorkerCommandOptions) => {
      const { workerCommand } = await import("../commands/worker.ts");
      process.exitCode = await workerCommand(options);
    });
}
