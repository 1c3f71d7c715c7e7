/** How text reaches a terminal. */
import { styleText } from "node:util";

/** Names come from files of strangers: control characters could move the cursor or hide text. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "�");
}

/** Columns to lay a table out for: the terminal's, what COLUMNS says, or 100. */
export function columns(): number {
  return process.stdout.columns || Number(process.env["COLUMNS"]) || 100;
}

/** Bold or dim on a terminal that shows it, plain elsewhere and with NO_COLOR. */
export function styled(style: "bold" | "dim" | "yellow", text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** Writes a line to stderr. */
export function say(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

/** Writes text to stdout, a line break at its end. */
export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}
