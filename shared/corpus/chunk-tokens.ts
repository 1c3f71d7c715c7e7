/** Cuts documents into pieces short enough for a model. */
import type { TokenDocument } from "./token-documents.ts";

/**
 * Consecutive pieces of at most `length` tokens. A piece ends with a line where that leaves it at least half full, so
 * that most begin where a sentence or a paragraph does.
 *
 * @param length at least 1.
 */
export function chunkTokens({ lines }: TokenDocument, length: number): number[][] {
  const tokens = lines.flat();
  const lineEnds: number[] = [];
  let end = 0;
  for (const line of lines) lineEnds.push((end += line.length));
  const chunks: number[][] = [];
  let line = 0;
  for (let start = 0; start < tokens.length;) {
    let stop = Math.min(start + length, tokens.length);
    while (line < lineEnds.length && lineEnds[line]! <= stop) line++;
    const lastEnd = line > 0 ? lineEnds[line - 1]! : 0;
    if (lastEnd - start >= length / 2) stop = lastEnd;
    chunks.push(tokens.slice(start, stop));
    start = stop;
  }
  return chunks;
}
