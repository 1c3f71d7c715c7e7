/** Reads texts as documents: what belongs together, and stays on one side of a split. */
import { PlateauError } from "../errors.ts";

/** The text or token file is not usable. The message names the line. */
export class TextError extends PlateauError {}

export interface TextDocument {
  /** Unique within a corpus; the `group` of the examples made of it. */
  readonly id: string;
  readonly text: string;
}

/** What parts the documents of a plain text: nothing (a file is one), lines without words, or every line break. */
export const SEPARATORS = ["file", "blank-line", "line"] as const;
export type Separator = (typeof SEPARATORS)[number];

/** Documents of a plain text. Those without any word are left out. */
export function splitText(text: string, name: string, separator: Separator): TextDocument[] {
  const lines = text.replaceAll(/\r\n?/g, "\n");
  if (separator === "file") return lines.trim() === "" ? [] : [{ id: name, text: lines }];
  return lines
    .split(separator === "line" ? "\n" : /\n(?:[^\S\n]*\n)+/)
    .filter((part) => part.trim() !== "")
    .map((part, i) => ({
      id: `${name}, ${separator === "line" ? "line" : "part"} ${i + 1}`,
      text: `${part}\n`,
    }));
}

/**
 * Documents of JSON lines `{"text": "…", "id"?: "…"}`, as Hugging Face's datasets write them.
 *
 * @throws TextError on the first bad line.
 */
export function parseTextLines(content: string, name: string): TextDocument[] {
  return jsonLines(content, name, "text").flatMap(({ record, where }) => {
    const { text, id } = record;
    if (typeof text !== "string") throw new TextError(`${where} has no text: expected {"text": "…"}.`);
    if (text.trim() === "") return [];
    return [{ id: documentId(id, where), text }];
  });
}

/** The objects of a JSON-lines file, blank lines left out. Throws TextError on the first line that holds none. */
export function jsonLines(content: string, name: string, field: string) {
  return content.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    const where = `${name}, line ${i + 1}`;
    let record: unknown;
    try {
      record = JSON.parse(line);
    } catch {
      throw new TextError(`${where} is not JSON. Expected one object a line, with a field ${field}.`);
    }
    if (typeof record !== "object" || record === null || Array.isArray(record)) {
      throw new TextError(`${where} is not a JSON object with a field ${field}.`);
    }
    return [{ record: record as Readonly<Record<string, unknown>>, where }];
  });
}

/** The name a record gives itself, else where it stands. */
export function documentId(id: unknown, where: string): string {
  if (id === undefined || id === null) return where;
  if (typeof id === "string" || typeof id === "number") return String(id);
  throw new TextError(`${where}: id is neither a string nor a number.`);
}
