/** Which documents are held out for evaluation. */
import { philox4x32 } from "../perturb/philox.ts";
import type { TokenDocument } from "./token-documents.ts";

/** Keeps these numbers apart from those of directions and random streams, whose last counter word differs. */
const SPLIT = 0xfffffffe;

export interface Split {
  readonly training: readonly TokenDocument[];
  readonly evaluation: readonly TokenDocument[];
}

/**
 * Splits documents by a hash of their tokens: equal documents fall on the same side, and a document stays where it is
 * whatever is added to the corpus or taken out of it.
 *
 * @param share the expected share of documents held out, 0 to 1.
 */
export function splitDocuments(documents: readonly TokenDocument[], share: number, seed: number): Split {
  const training: TokenDocument[] = [];
  const evaluation: TokenDocument[] = [];
  for (const document of documents) {
    (uniformHash(document.lines.flat(), seed) < share ? evaluation : training).push(document);
  }
  return { training, evaluation };
}

/** A number in [0, 1) that only tokens and seed decide: FNV-1a, mixed by Philox. */
export function uniformHash(tokens: readonly number[], seed: number): number {
  let low = 0x811c9dc5;
  let high = 0xcbf29ce4;
  for (const token of tokens) {
    low = Math.imul(low ^ token, 0x01000193);
    high = Math.imul(high ^ (token + 1), 0x01000193) ^ (high >>> 15);
  }
  const block = new Uint32Array(4);
  philox4x32(low, high, tokens.length, SPLIT, seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, block);
  return block[0]! / 2 ** 32;
}
