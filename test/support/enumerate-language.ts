/** What small languages can produce, sentence by sentence: the definition itself, against which algorithms are held. */
import type { Grammar } from "../../shared/languages/grammar.ts";
import type { HmmParameters } from "../../shared/languages/hmm.ts";
import { HIDDEN } from "../../shared/languages/language.ts";

/** Probabilities of sentences, keyed by their words joined by blanks. */
export type Sentences = ReadonlyMap<string, number>;

export const wordsOf = (key: string): number[] => key.split(" ").map(Number);

/** All that each non-terminal derives, by trying every rule. */
export function yieldsOf({ nonterminals, phrases, lexicon }: Grammar): Sentences[] {
  const known = new Map<number, Map<string, number>>();
  const derive = (symbol: number): Map<string, number> => {
    const found = known.get(symbol);
    if (found) return found;
    const result = new Map<string, number>();
    const add = (key: string, probability: number) => result.set(key, (result.get(key) ?? 0) + probability);
    for (const { parent, word, probability } of lexicon)
      if (parent === symbol) add(String(word), probability);
    for (const { parent, left, right, probability } of phrases) {
      if (parent !== symbol) continue;
      for (const [first, p] of derive(left)) {
        if (right < 0) add(first, probability * p);
        else for (const [second, q] of derive(right)) add(`${first} ${second}`, probability * p * q);
      }
    }
    known.set(symbol, result);
    return result;
  };
  return nonterminals.map((_, symbol) => derive(symbol));
}

/** Every sequence of states and words up to the longest length: [words, states, probability]. */
export function* pathsOf(parameters: HmmParameters): Generator<[words: number[], states: number[], number]> {
  const { words, initial, transitions, emissions, lengths } = parameters;
  function* extend(
    sentence: number[],
    states: number[],
    probability: number,
    left: number,
  ): Generator<[number[], number[], number]> {
    if (left === 0) {
      yield [sentence, states, probability];
      return;
    }
    for (let state = 0; state < initial.length; state++) {
      const p = states.length === 0 ? initial[state]! : transitions[states.at(-1)!]![state]!;
      for (let word = 0; word < words.length; word++) {
        const q = probability * p * emissions[state]![word]!;
        if (q > 0) yield* extend([...sentence, word], [...states, state], q, left - 1);
      }
    }
  }
  for (let length = 1; length <= lengths.length; length++) {
    if (lengths[length - 1]! > 0) yield* extend([], [], lengths[length - 1]!, length);
  }
}

/** p(word at each hidden position | the other words), by adding up the sentences that agree with them. */
export function conditionalsOf(
  sentences: Sentences,
  hidden: readonly number[],
  vocabulary: number,
): number[][] {
  const positions = hidden.flatMap((word, t) => (word === HIDDEN ? [t] : []));
  const sums = positions.map(() => new Array<number>(vocabulary).fill(0));
  let total = 0;
  for (const [key, probability] of sentences) {
    const words = wordsOf(key);
    if (words.length !== hidden.length) continue;
    if (hidden.some((word, t) => word !== HIDDEN && word !== words[t])) continue;
    total += probability;
    positions.forEach((position, i) => (sums[i]![words[position]!]! += probability));
  }
  return sums.map((row) => row.map((sum) => sum / total));
}
