/** A probe task of running text: which kind of document is a passage from? */
import type { TokenDocument } from "../../corpus/token-documents.ts";
import { RandomStream } from "../../random.ts";
import type { ProbeExample } from "../task.ts";

export interface PassageOptions {
  /** The most examples, as many of each class as of any other. */
  readonly examples: number;
  readonly classes: number;
  /** Tokens of every passage. */
  readonly length: number;
  readonly prefix: readonly number[];
  readonly seed: number;
  readonly purpose: number;
}

/** Passages of exactly `length` tokens with the class of their document, classes in turn. */
export function passages(
  documents: readonly TokenDocument[],
  classOf: (id: string) => number,
  { examples, classes, length, prefix, seed, purpose }: PassageOptions,
): ProbeExample[] {
  const byClass = Array.from({ length: classes }, (): ProbeExample[] => []);
  for (const document of documents) {
    const label = classOf(document.id);
    const tokens = document.lines.flat();
    for (let start = 0; start + length <= tokens.length; start += length) {
      byClass[label]!.push({ inputIds: [...prefix, ...tokens.slice(start, start + length)], label });
    }
  }
  const each = Math.min(Math.floor(examples / classes), ...byClass.map((found) => found.length));
  const chosen = byClass.map((found, label) =>
    new RandomStream(seed, label, purpose).shuffle(found).slice(0, each),
  );
  return Array.from({ length: each }, (_, i) => chosen.map((found) => found[i]!)).flat();
}
