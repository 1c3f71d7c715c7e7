/** Takes out of the evaluation what stands in the training text as well. */
import type { TokenDocument } from "./token-documents.ts";

/** Long enough to be rare, so that few places are compared in full. */
const ANCHOR = 8;
const BASE = 0x01000193;

/**
 * For each chunk, whether its tokens occur one after another anywhere in a document. Chunks are looked up by the rolling
 * hash of their first tokens (Karp and Rabin 1987), then compared in full.
 */
export function occursIn(
  chunks: readonly (readonly number[])[],
  documents: readonly TokenDocument[],
): boolean[] {
  const found = chunks.map(() => false);
  const byAnchor = new Map<number, Map<number, number[]>>();
  chunks.forEach((chunk, i) => {
    const width = Math.min(ANCHOR, chunk.length);
    const anchors = byAnchor.get(width) ?? new Map<number, number[]>();
    byAnchor.set(width, anchors);
    const hash = chunk.slice(0, width).reduce((sum, token) => (Math.imul(sum, BASE) + token) | 0, 0);
    anchors.set(hash, [...(anchors.get(hash) ?? []), i]);
  });
  for (const { lines } of documents) {
    const tokens = lines.flat();
    for (const [width, anchors] of byAnchor) {
      scan(tokens, width, (hash, start) => {
        for (const i of anchors.get(hash) ?? []) {
          found[i] ||= chunks[i]!.every((token, t) => token === tokens[start + t]);
        }
      });
    }
  }
  return found;
}

/** Visits the hash of every `width` consecutive tokens. */
function scan(tokens: readonly number[], width: number, visit: (hash: number, start: number) => void): void {
  let outgoing = 1;
  for (let i = 0; i < width; i++) outgoing = Math.imul(outgoing, BASE);
  let hash = 0;
  for (let i = 0; i < tokens.length; i++) {
    hash = (Math.imul(hash, BASE) + tokens[i]!) | 0;
    if (i >= width) hash = (hash - Math.imul(outgoing, tokens[i - width]!)) | 0;
    if (i >= width - 1) visit(hash, i - width + 1);
  }
}
