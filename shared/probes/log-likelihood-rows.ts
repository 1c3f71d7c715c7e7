/** From sentences to rows of a pass: one for a whole sentence of a causal model, one for each token of a masked one. */
import type { Target } from "../corpus/corpus.ts";
import { TaskError, type TokenIds } from "./sentences.ts";

/** A sentence and which of its tokens are asked for. */
export interface ScoredSentence {
  readonly ids: TokenIds;
  /** Positions from 0, in order. A causal model gives the first token no probability: it cannot be among them. */
  readonly positions: readonly number[];
  /** How errors call the sentence. */
  readonly name: string;
}

/** A row of a pass: what is fed, what is read off it, and where the numbers go. */
export interface Row {
  readonly ids: TokenIds;
  readonly name: string;
  readonly targets: Target[];
  readonly places: { readonly sentence: number; readonly term: number }[];
}

/** @throws TaskError for a sentence whose first token is asked for. */
export function causalRows(sentences: readonly ScoredSentence[]): Row[] {
  return sentences.flatMap(({ ids, positions, name }, sentence) => {
    if (positions.length === 0) return [];
    if (positions[0]! < 1) {
      throw new TaskError(
        `${name} asks for its first token, to which a causal model gives no probability. ` +
          "Begin sentences with the tokenizer's beginning-of-text token.",
      );
    }
    const targets = positions.map((position) => ({ position: position - 1, label: ids[position]! }));
    return [{ ids, name, targets, places: positions.map((_, term) => ({ sentence, term })) }];
  });
}

/**
 * Rows with one token masked. Those that are the same once masked are one.
 *
 * @throws TaskError for a sentence that holds the mask token itself.
 */
export function maskedRows(sentences: readonly ScoredSentence[], maskId: number): Row[] {
  const rows = new Map<string, Row>();
  sentences.forEach(({ ids, positions, name }, sentence) => {
    if (ids.includes(maskId)) {
      throw new TaskError(`${name} holds the mask token ${maskId}: what it hides has no likelihood.`);
    }
    positions.forEach((position, term) => {
      const masked = ids.with(position, maskId);
      const key = masked.join();
      const row = rows.get(key) ?? { ids: masked, name, targets: [], places: [] };
      rows.set(key, row);
      row.targets.push({ position, label: ids[position]! });
      row.places.push({ sentence, term });
    });
  });
  return [...rows.values()];
}
