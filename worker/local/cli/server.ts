/** Options and help of `plateau serve`: a board on this machine. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { SUITES } from "../../../shared/suites/index.ts";
import { commaSeparated, wholeNumber } from "../parse-options.ts";
import type { ServeOptions } from "../server/serve.ts";

const ALL = SUITES.map(({ id }) => id);

export function addServer(program: Command): void {
  program
    .command("serve")
    .summary("run a board on this machine")
    .description(
      "Runs a board on this machine: the same Workers as on Cloudflare, with a database and storage of their own, without " +
        "an account or a network. The first start brings in the suites and the zoo; what is added stays.",
    )
    .addOption(new Option("--port <n>", "0 for any free one").argParser(wholeNumber(0, 65_535)).default(8787))
    .option("--host <address>", "who can reach it: 0.0.0.0 is everybody on the network", "127.0.0.1")
    .option("--storage <dir>", "where all of it is kept", ".plateau")
    .addOption(
      new Option("--seed <suites>", `suites to begin with, each with its zoo: all, none, or some`)
        .argParser(seeds)
        .default(ALL, "all"),
    )
    .option("--json", "say where it runs as one line of JSON")
    .addHelpText(
      "after",
      `
The owner's token is PLATEAU_OWNER_TOKEN, or is made and written to owner-token in
the storage folder, which only you can read.

Examples:
  plateau serve
  plateau serve --port 9000 --storage /data/board --seed none`,
    )
    .action(async (options: ServeOptions) => {
      const { serve } = await import("../server/serve.ts");
      process.exitCode = await serve(options);
    });
}

/** Names with or without versions. */
function seeds(text: string): readonly string[] {
  if (text === "all") return ALL;
  if (text === "none") return [];
  return commaSeparated(text).map((name) => {
    const id = ALL.find((each) => each === name || each.split("@")[0] === name);
    if (id !== undefined) return id;
    throw new InvalidArgumentError(`There is no suite '${name}'; choose among ${ALL.join(", ")}, all, none.`);
  });
}
