/** A hidden Markov model as a language: sampling, and exact conditionals by forward–backward (Rabiner 1989). */
import type { RandomStream } from "../random.ts";
import { Categorical, HIDDEN, LanguageError, type Language, type Sample } from "./language.ts";
import { quotedSentence } from "./quoted.ts";

export interface HmmParameters {
  readonly words: readonly string[];
  /** p(first state) [states]. */
  readonly initial: readonly number[];
  /** p(next state | state) [states][states]. */
  readonly transitions: readonly (readonly number[])[];
  /** p(word | state) [states][words]. */
  readonly emissions: readonly (readonly number[])[];
  /** p(length) of lengths from 1 on. */
  readonly lengths: readonly number[];
}

/** Rows may miss 1 by this much, from rounding when they were printed. */
const ROUNDING = 1e-3;

export class Hmm implements Language {
  readonly kind = "hmm";
  readonly words: readonly string[];
  readonly states: number;
  readonly maximumLength: number;
  readonly parameters: HmmParameters;
  private readonly initial: Float64Array;
  /** [states · states], row by row. */
  private readonly transitions: Float64Array;
  /** [states · words], row by row. */
  private readonly emissions: Float64Array;
  private readonly lengths: Float64Array;
  private readonly draws: {
    initial: Categorical;
    next: Categorical[];
    word: Categorical[];
    length: Categorical;
  };

  /** @throws LanguageError where a distribution has the wrong size, or does not add up to 1. */
  constructor(parameters: HmmParameters) {
    const { words, initial, transitions, emissions, lengths } = parameters;
    this.parameters = parameters;
    this.words = words;
    this.states = initial.length;
    // Lengths that never come up are no lengths.
    this.maximumLength = lengths.findLastIndex((probability) => probability > 0) + 1;
    const states = this.states;
    if (states === 0 || words.length === 0 || lengths.length === 0) {
      throw new LanguageError("A hidden Markov model needs at least one state, one word and one length.");
    }
    if (transitions.length !== states || emissions.length !== states) {
      throw new LanguageError(
        `The hidden Markov model has ${states} initial probabilities, so ${states} states, but ${transitions.length} ` +
          `rows of transitions and ${emissions.length} of emissions.`,
      );
    }
    this.initial = normalised(initial, states, "The initial probabilities");
    this.transitions = rows(transitions, states, "transitions");
    this.emissions = rows(emissions, words.length, "emissions");
    this.lengths = normalised(lengths, lengths.length, "The probabilities of lengths");
    const choice = (matrix: Float64Array, width: number) =>
      Array.from({ length: states }, (_, s) => new Categorical(matrix.subarray(s * width, (s + 1) * width)));
    this.draws = {
      initial: new Categorical(this.initial),
      next: choice(this.transitions, states),
      word: choice(this.emissions, words.length),
      length: new Categorical(this.lengths),
    };
  }

  sample(random: RandomStream): Sample {
    const length = 1 + this.draws.length.draw(random);
    const words: number[] = [];
    const states: number[] = [];
    let state = this.draws.initial.draw(random);
    for (let t = 0; t < length; t++) {
      if (t > 0) state = this.draws.next[state]!.draw(random);
      states.push(state);
      words.push(this.draws.word[state]!.draw(random));
    }
    return { words, states };
  }

  conditionals(sentence: readonly number[]): Float64Array[] {
    const { posterior } = this.posteriors(sentence);
    const size = this.words.length;
    return sentence.flatMap((word, t) => {
      if (word !== HIDDEN) return [];
      // The posterior of a hidden word's state holds no evidence from that word.
      const result = new Float64Array(size);
      for (let state = 0; state < this.states; state++) {
        const weight = posterior[t * this.states + state]!;
        for (let w = 0; w < size; w++) result[w]! += weight * this.emissions[state * size + w]!;
      }
      return [result];
    });
  }

  /** log p(words | their number), nats; hidden words are summed over; −∞ for what the model cannot produce. */
  logProbability(sentence: readonly number[]): number {
    return this.forwardBackward(sentence).logProbability;
  }

  /**
   * p(state at `position`, from 0, | the words) [states].
   *
   * @throws LanguageError where the model cannot produce the words, or there is no such position.
   */
  statePosterior(sentence: readonly number[], position: number): Float64Array {
    const { posterior } = this.posteriors(sentence);
    if (!Number.isInteger(position) || position < 0 || position >= sentence.length) {
      throw new LanguageError(
        `A sentence of ${sentence.length} words has no position ${position}, counted from 0.`,
      );
    }
    return posterior.slice(position * this.states, (position + 1) * this.states);
  }

  private posteriors(sentence: readonly number[]): { posterior: Float64Array } {
    const found = this.forwardBackward(sentence);
    if (this.lengths[sentence.length - 1]! > 0 && found.logProbability > -Infinity) return found;
    throw new LanguageError(
      `The hidden Markov model cannot produce ${quotedSentence(sentence, this.words)}, so no conditional is defined there.`,
    );
  }

  private forwardBackward(sentence: readonly number[]): { posterior: Float64Array; logProbability: number } {
    this.assertWords(sentence);
    const { states, transitions } = this;
    const length = sentence.length;
    const forward = new Float64Array(length * states);
    let logProbability = 0;
    for (let t = 0; t < length; t++) {
      const row = forward.subarray(t * states, (t + 1) * states);
      if (t === 0) row.set(this.initial);
      else {
        for (let from = 0; from < states; from++) {
          const weight = forward[(t - 1) * states + from]!;
          if (weight === 0) continue;
          for (let to = 0; to < states; to++) row[to]! += weight * transitions[from * states + to]!;
        }
      }
      this.multiplyEmission(row, sentence[t]!);
      const total = normalise(row);
      if (!(total > 0)) return { posterior: forward, logProbability: -Infinity };
      logProbability += Math.log(total);
    }
    const backward = new Float64Array(states).fill(1);
    const emitted = new Float64Array(states);
    const posterior = forward;
    for (let t = length - 2; t >= 0; t--) {
      emitted.set(backward);
      this.multiplyEmission(emitted, sentence[t + 1]!);
      normalise(emitted);
      for (let from = 0; from < states; from++) {
        let sum = 0;
        for (let to = 0; to < states; to++) sum += transitions[from * states + to]! * emitted[to]!;
        backward[from] = sum;
      }
      const row = posterior.subarray(t * states, (t + 1) * states);
      for (let state = 0; state < states; state++) row[state]! *= backward[state]!;
      normalise(row);
    }
    return { posterior, logProbability };
  }

  private multiplyEmission(row: Float64Array, word: number): void {
    if (word === HIDDEN) return;
    for (let state = 0; state < this.states; state++) {
      row[state]! *= this.emissions[state * this.words.length + word]!;
    }
  }

  private assertWords(sentence: readonly number[]): void {
    if (sentence.length === 0)
      throw new LanguageError("A sentence without words was given to the Markov model.");
    for (const word of sentence) {
      if (word === HIDDEN || (Number.isInteger(word) && word >= 0 && word < this.words.length)) continue;
      throw new LanguageError(
        `The hidden Markov model has ${this.words.length} words, numbered from 0; it has no word ${word}.`,
      );
    }
  }
}

function rows(matrix: readonly (readonly number[])[], width: number, what: string): Float64Array {
  const result = new Float64Array(matrix.length * width);
  matrix.forEach((row, i) => result.set(normalised(row, width, `Row ${i} of the ${what}`), i * width));
  return result;
}

function normalised(values: readonly number[], size: number, what: string): Float64Array {
  if (values.length !== size) {
    throw new LanguageError(`${what}: ${values.length} values where ${size} were expected.`);
  }
  const result = Float64Array.from(values);
  if (!result.every((value) => value >= 0 && value <= 1 + ROUNDING)) {
    throw new LanguageError(`${what}: every value must be a probability between 0 and 1.`);
  }
  const total = normalise(result);
  if (!(Math.abs(total - 1) <= ROUNDING)) {
    throw new LanguageError(`${what}: the values add up to ${Number(total.toPrecision(6))}, not to 1.`);
  }
  return result;
}

/** Scales to a sum of 1 in place; returns what the sum was. */
function normalise(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  for (let i = 0; i < values.length; i++) values[i]! /= total;
  return total;
}
