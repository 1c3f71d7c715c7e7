/** The command line: what can be asked for, and how it is explained. Each command's work is in commands/. */
import { Command, CommanderError, Option } from "commander";
import { DEFAULT_MEASURES, MEASURES } from "../../shared/measures/index.ts";
import { DEVICES } from "./devices.ts";
import { describeFailure, EXIT, exitCodeOf } from "./failure.ts";
import { collect, commaSeparated, fraction, stepSize, wholeNumber } from "./parse-options.ts";
import { say } from "./terminal.ts";
import { VERSION } from "./version.ts";

const MEASURE_HELP = `
Measures (* unless --measures says otherwise):
${MEASURES.map(({ id, description }) => `  ${DEFAULT_MEASURES.includes(id) ? "*" : " "} ${id.padEnd(24)}${description}`).join("\n")}
`;
