/** `plateau suites`: what can be measured without a corpus of one's own, and the files that go with it. */
import { writeFile } from "node:fs/promises";
import { SUITES } from "../../../shared/suites/index.ts";
import { describeTask } from "../../../shared/suites/describe.ts";
import { optimalLoss, suiteConditionals } from "../../../shared/suites/conditionals.ts";
import { EXIT } from "../failure.ts";
import { grouped, measured } from "../numbers.ts";
import { openFolder } from "../output-folder.ts";
import { readSuite, type SuiteSource } from "../suite-source.ts";
import { columns, print, say, styled, wrap } from "../terminal.ts";
import { writeTrainingData } from "../training-data.ts";
import { UsageError } from "../usage-error.ts";
import { findDestination, writeWhole } from "../write-file.ts";

export interface SuitesCommandOptions {
  readonly json?: boolean;
  /** Where the suite file goes. */
  readonly write?: string;
  /** The folder for training data. */
  readonly training?: string;
  readonly sentences: number;
  readonly exact: number;
  readonly seed: number;
}

/** Runs the command. Answers the exit code. */
export async function suitesCommand(
  name: string | undefined,
  options: SuitesCommandOptions,
): Promise<number> {
  if (name === undefined) {
    if (options.write !== undefined || options.training !== undefined) {
      throw new UsageError("Name the suite whose files are wanted, such as pcfg-mini.");
    }
    list(options.json ?? false);
    return EXIT.ok;
  }
  const destination = options.write === undefined ? null : await findDestination(options.write);
  if (options.training !== undefined) await openFolder(options.training, "--training");
  const source = await readSuite(name);
  if (destination) {
    const { target, direct } = destination;
    await (direct ? writeFile(target, source.text) : writeWhole(target, source.text));
    say(`${source.suite.definition.id} written to ${options.write}`);
  }
  if (options.training !== undefined) {
    const { sentences, exact, seed } = options;
    await writeTrainingData(source.suite, options.training, { sentences, exact, seed });
    const { id, language } = source.suite.definition;
    say(
      `training data of ${id} written to ${options.training}${language ? "" : "; train.jsonl is yours to add"}`,
    );
  }
  if (destination || options.training !== undefined) return EXIT.ok;
  show(source, options.json ?? false);
  return EXIT.ok;
}

function list(json: boolean): void {
  if (json) {
    print(
      JSON.stringify(
        SUITES.map(({ id, title, description }) => ({ id, title, description })),
        null,
        2,
      ),
    );
    return;
  }
  const width = Math.max(...SUITES.map(({ id }) => id.length)) + 2;
  for (const { id, description } of SUITES) {
    const [first, ...rest] = wrap(description, columns() - width, "");
    print(`${styled("bold", id.padEnd(width))}${first}`);
    for (const line of rest) print(" ".repeat(width) + line);
  }
}

function show({ suite, sha256 }: SuiteSource, json: boolean): void {
  const { definition, corpus, tasks } = suite;
  const conditionals = suiteConditionals(suite);
  const optimal = conditionals && optimalLoss(conditionals);
  const described = tasks.map(describeTask);
  if (json) {
    const { language, ...rest } = definition;
    print(
      JSON.stringify(
        {
          ...rest,
          language: language && { ...language },
          sha256,
          corpus: { examples: corpus.examples.length, labelledTokens: corpus.labelledTokens },
          optimalLoss: optimal,
          tasks: described,
        },
        null,
        2,
      ),
    );
    return;
  }
  print(styled("bold", `${definition.id}  ${definition.title}`));
  for (const line of wrap(definition.description, columns(), "")) print(line);
  print("");
  const [loss, error] = optimal ? measured(optimal.value, optimal.standardError) : ["", ""];
  const rows = [
    ["objective", definition.objective],
    ["vocabulary", `${grouped(definition.vocabulary.size)} token ids`],
    [
      "corpus",
      `${grouped(corpus.examples.length)} examples, ${grouped(corpus.labelledTokens)} labelled tokens`,
    ],
    ["least loss", optimal ? `${loss} ± ${error} nats/token` : "not known"],
    ["measures", definition.measures.join(", ")],
    ["directions", `${definition.directions} an example`],
    ["sha256", sha256],
  ] as const;
  for (const [head, text] of rows) print(`${head.padEnd(12)}${text}`);
  print("");
  for (const { id, summary, description } of described) {
    print(`${styled("bold", id)}  ${summary}`);
    for (const line of wrap(description, columns() - 4, "")) print(`    ${line}`);
  }
}
