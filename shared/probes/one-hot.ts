/**
 * One-hot positional words: the features of a probe that sees the words and their positions, but no model.
 *
 * x_{t·V + w} = 1 where word w stands at position t, [n, positions · V]. All of them, not projected: the strongest
 * baseline that is linear in words, and near what concatenated features of small models amount to.
 */
import { ProbeDataError, type Matrix } from "./logistic-input.ts";

export interface OneHotShape {
  /** Tokens of the longest sentence; shorter ones have zeros behind. */
  readonly positions: number;
  /** Token ids are below it. */
  readonly vocabulary: number;
}

/** 1 GiB of features: a task this large needs another baseline. */
const MAX_VALUES = 2 ** 28;

export interface OneHotFeatures {
  /** [number of sets]: the sentences of each, as rows. */
  readonly matrices: readonly Matrix[];
  /** Pairs of position and word that are constant over the first set, and left out. */
  readonly dropped: number;
}

/**
 * @param sets lists of sentences, training first: only words that some, but not all, of its sentences have at a
 * position make a column.
 * @throws ProbeDataError for token ids outside the vocabulary, sentences too long, or if no column is left.
 */
export function oneHotFeatures(
  sets: readonly (readonly (readonly number[])[])[],
  { positions, vocabulary }: OneHotShape,
): OneHotFeatures {
  const train = sets[0] ?? [];
  for (const sentences of sets) sentences.forEach((ids, i) => checkSentence(ids, i, positions, vocabulary));
  const counts = new Map<number, number>();
  for (const ids of train) {
    ids.forEach((id, t) => counts.set(t * vocabulary + id, (counts.get(t * vocabulary + id) ?? 0) + 1));
  }
  const columns = new Map<number, number>();
  for (const [key, count] of [...counts].sort(([a], [b]) => a - b)) {
    if (count < train.length) columns.set(key, columns.size);
  }
  if (columns.size === 0) {
    throw new ProbeDataError(
      "All training sentences have the same words, so words tell nothing about labels.",
    );
  }
  return {
    matrices: sets.map((sentences) => encode(sentences, columns, vocabulary)),
    dropped: positions * vocabulary - columns.size,
  };
}

function checkSentence(ids: readonly number[], i: number, positions: number, vocabulary: number): void {
  if (ids.length > positions) {
    throw new ProbeDataError(`Sentence ${i} has ${ids.length} tokens, more than the task's ${positions}.`);
  }
  const unknown = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabulary));
  if (unknown !== undefined) {
    throw new ProbeDataError(
      `Sentence ${i} holds token ${unknown}; the vocabulary has ${vocabulary} tokens.`,
    );
  }
}

function encode(
  sentences: readonly (readonly number[])[],
  columns: ReadonlyMap<number, number>,
  vocabulary: number,
): Matrix {
  if (sentences.length * columns.size > MAX_VALUES) {
    throw new ProbeDataError(
      `${sentences.length} sentences times ${columns.size} words at positions are too many features; probe fewer.`,
    );
  }
  const data = new Float32Array(sentences.length * columns.size);
  sentences.forEach((ids, row) => {
    ids.forEach((id, t) => {
      const column = columns.get(t * vocabulary + id);
      if (column !== undefined) data[row * columns.size + column] = 1;
    });
  });
  return { rows: sentences.length, columns: columns.size, data };
}
