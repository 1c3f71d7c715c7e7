/** Documents as token ids, from text or from a file of ids. */
import type { TextDocument } from "./text-documents.ts";
import { documentId, jsonLines, TextError } from "./text-documents.ts";
import type { TextTokenizer } from "./tokenizer.ts";

export interface TokenDocument {
  readonly id: string;
  /** Token ids of each line: an example ends with a line where that leaves it at least half full. */
  readonly lines: readonly (readonly number[])[];
}

/** A file of ids may hold anything; a token id above this is broken. */
const MAX_TOKEN_ID = 2 ** 24;

/** Cuts a text into tokens, line by line; a line break belongs to the line that it ends. Throws TokenizerError. */
export function tokenizeDocument({ id, text }: TextDocument, tokenizer: TextTokenizer): TokenDocument {
  const lines = text.split(/(?<=\n)/).map((line) => tokenizer.encode(line));
  return { id, lines: lines.filter((ids) => ids.length > 0) };
}

/**
 * Documents of JSON lines `{"input_ids": […], "group"?: "…"}`, special tokens not included. Lines of one group make one
 * document; a line without a group is a document of its own.
 *
 * @throws TextError on the first bad line.
 */
export function parseTokenLines(content: string, name: string): TokenDocument[] {
  const documents = new Map<string, (readonly number[])[]>();
  for (const { record, where } of jsonLines(content, name, "input_ids")) {
    const ids = record["input_ids"];
    if (!Array.isArray(ids)) throw new TextError(`${where} has no list input_ids.`);
    const bad = ids.findIndex((id) => !Number.isInteger(id) || id < 0 || id > MAX_TOKEN_ID);
    if (bad >= 0) {
      throw new TextError(
        `${where}: input_ids[${bad}] is ${JSON.stringify(ids[bad])}, expected a whole number from 0 to ${MAX_TOKEN_ID}.`,
      );
    }
    if (ids.length === 0) continue;
    const id = documentId(record["group"] ?? record["id"], where);
    const lines = documents.get(id);
    if (lines) lines.push(ids as number[]);
    else documents.set(id, [ids as number[]]);
  }
  return [...documents].map(([id, lines]) => ({ id, lines }));
}
