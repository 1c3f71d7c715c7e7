/** How text reaches a terminal. */
import { styleText } from "node:util";

/** Names come from files of strangers: control characters could move the cursor, break a line or hide text. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "�");
}

/** Columns to lay a table out for: the terminal's, what COLUMNS says, or 100. */
export function columns(): number {
  return process.stdout.columns || Number(process.env["COLUMNS"]) || 100;
}

/** Bold or dim on a terminal that shows it, plain elsewhere and with NO_COLOR. */
export function styled(style: "bold" | "dim", text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** Writes lines to stderr. */
export function say(text: string): void {
  process.stderr.write(`${text.split("\n").map(printable).join("\n")}\n`);
}

/** Writes text to stdout, a line break at its end. */
export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** Lines of at most `width` columns, broken between words; the first keeps its indentation, the others take `indent`. */
export function wrap(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<=\S)(?= )/)) {
    if (line.trim() !== "" && (line + word).length > width) {
      lines.push(line);
      line = indent + word.trimStart();
    } else line += word;
  }
  return [...lines, line];
}
