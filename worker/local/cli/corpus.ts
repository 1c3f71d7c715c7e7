/** Options and help of `plateau corpus`: examples from text or token ids. */
import { Option, type Command } from "commander";
import { SEPARATORS } from "../../../shared/corpus/text-documents.ts";
import type { CorpusCommandOptions } from "../commands/corpus.ts";
import { fraction, wholeNumber } from "../parse-options.ts";
import { objective } from "./options.ts";

export function addCorpus(program: Command): void {
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
      new Option("--documents <by>", "what parts the documents of a text")
        .choices(SEPARATORS)
        .default("file"),
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
      const { corpusCommand } = await import("../commands/corpus.ts");
      process.exitCode = await corpusCommand(files, options);
    });
}
