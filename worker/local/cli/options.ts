/** Options and help that several commands share. */
import { Option } from "commander";
import { DEFAULT_MEASURES, MEASURES } from "../../../shared/measures/index.ts";
import { DEVICES } from "../devices.ts";
import { wholeNumber } from "../parse-options.ts";
import { wrap } from "../terminal.ts";

export const HELP_WIDTH = 80;

/** Measures with one sentence each, for the end of a help text. */
export const measureHelp = [
  "",
  "Measures (* unless --measures says otherwise; loss is always measured):",
  ...MEASURES.flatMap(({ id, description }) => {
    const mark = DEFAULT_MEASURES.includes(id) ? "*" : " ";
    return wrap(`  ${mark} ${id.padEnd(24)}${description}`, HELP_WIDTH, " ".repeat(28));
  }),
].join("\n");

export const device = () =>
  new Option("--device <device>", "where the model runs").choices(DEVICES).default("cpu");
export const threads = () =>
  new Option("--threads <n>", "processor threads (default: all cores)").argParser(wholeNumber(1, 1024));
export const objective = () =>
  new Option(
    "--objective <objective>",
    "mlm: labels stand where they are predicted; clm: the model predicts the next token",
  ).choices(["mlm", "clm"]);
export const quiet = () => new Option("--quiet", "no progress on stderr");
