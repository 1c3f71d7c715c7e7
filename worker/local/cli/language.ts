/** Options and help of `plateau language`: a grammar or hidden Markov model. */
import { Option, type Command } from "commander";
import type { LanguageCommandOptions } from "../commands/language.ts";
import { wholeNumber } from "../parse-options.ts";
import { quiet } from "./options.ts";

export function addLanguage(program: Command): void {
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
      const { languageCommand } = await import("../commands/language.ts");
      process.exitCode = await languageCommand(file, options);
    });
}
