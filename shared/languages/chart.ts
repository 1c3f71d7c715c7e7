/**
 * The inside–outside chart of a grammar without cycles (Baker 1979; Lari and Young 1990), with hidden words.
 *
 * Inside of (A, span): p(A ⇒* the span's words), summed over hidden ones. Outside of (A, span): p(S ⇒* words before, A,
 * words after). Spans are numbered so that the one of `length` words from `start` stands at `length · size + start`; each
 * is a cell, with an entry a non-terminal.
 *
 * A cell keeps a power of two apart, so that long sentences stay in the range of doubles: inside is entry · 2^exponent,
 * outside is entry · 2^(exponent of the whole sentence − exponent). Powers of two round nothing.
 */
import type { Grammar } from "./grammar.ts";
import { HIDDEN, LanguageError } from "./language.ts";
import { groupByWord, groupRules, type LexicalColumns, type RuleColumns } from "./rule-columns.ts";

/** Exponent of a cell whose entries are all 0: no non-terminal generates the span. */
const EMPTY = -(2 ** 30);
/** Exponents are multiples of this; entries of a cell are scaled once the largest is 2^±128 away from 1. */
const STEP = 128;
/** Largest exponent split off at once: larger powers of two would leave the range of doubles. */
const LARGEST_SHIFT = 896;
/**
 * Entries this far below the largest of their cell count as 0, so that outside entries cannot overflow. A sentence drawn
 * from the grammar needs one with a probability of about as much.
 */
const NEGLIGIBLE = 2 ** -800;

export class Chart {
  private readonly symbols: number;
  private readonly words: number;
  /** Binary rules in order of their left child, for the way up, and of their parent, for the way down. */
  private readonly byLeft: RuleColumns;
  private readonly byParent: RuleColumns;
  /** Unary rules, children first. */
  private readonly unary: readonly { parent: number; child: number; probability: number }[];
  /** p(A → word) · scale: those of a word stand at [first[word], first[word + 1]). */
  private readonly lexicon: LexicalColumns;
  /** Σ p(A → word) · scale over words [symbols]: what a hidden word may be. */
  private readonly anyWord: Float64Array;
  /** Every word carries this factor, which keeps probabilities of usual sentences near 1. */
  private readonly scale: number;
  private size = 0;
  private up = new Float64Array(0);
  private down = new Float64Array(0);
  private exponents = new Int32Array(0);
  private readonly scratch: Float64Array;

  /** @param order non-terminals, children before parents. */
  constructor(grammar: Grammar, order: readonly number[]) {
    this.symbols = grammar.nonterminals.length;
    this.words = grammar.words.length;
    this.scale = this.words;
    const binary = grammar.phrases.filter(({ right }) => right >= 0);
    this.byLeft = groupRules(binary, this.symbols, ({ left }) => left);
    this.byParent = groupRules(binary, this.symbols, ({ parent }) => parent);
    const rank = new Map(order.map((symbol, i) => [symbol, i]));
    this.unary = grammar.phrases
      .filter(({ right }) => right < 0)
      .map(({ parent, left, probability }) => ({ parent, child: left, probability }))
      .sort((a, b) => rank.get(a.parent)! - rank.get(b.parent)!);
    this.lexicon = groupByWord(grammar.lexicon, this.words, this.scale);
    this.anyWord = new Float64Array(this.symbols);
    for (const { parent, probability } of grammar.lexicon) this.anyWord[parent]! += probability * this.scale;
    this.scratch = new Float64Array(this.symbols);
  }

  /** Fills both halves. Answers whether the grammar can produce the sentence. */
  fill(sentence: readonly number[]): boolean {
    if (this.fillInside(sentence) === 0) return false;
    this.fillOutside(sentence.length);
    return true;
  }

  /** Inside of every non-terminal over the whole of `words`, up to a factor that is the same for all. */
  inside(words: readonly number[]): Float64Array {
    this.fillInside(words);
    const top = words.length * this.size * this.symbols;
    return this.up.slice(top, top + this.symbols);
  }

  logProbability(sentence: readonly number[]): number {
    const entry = this.fillInside(sentence);
    if (entry === 0) return -Infinity;
    const exponent = this.exponents[sentence.length * this.size]!;
    return Math.log(entry) + exponent * Math.LN2 - sentence.length * Math.log(this.scale);
  }

  /**
   * p(word at the hidden `position` | the rest), after `fill`.
   *
   * @throws LanguageError where what could stand there is all but impossible beside likelier readings of its neighbours.
   */
  conditional(position: number): Float64Array {
    const { symbols, words, lexicon, down } = this;
    const outside = (this.size + position) * symbols;
    const result = new Float64Array(words);
    let total = 0;
    for (let word = 0; word < words; word++) {
      let sum = 0;
      const end = lexicon.first[word + 1]!;
      for (let i = lexicon.first[word]!; i < end; i++) {
        sum += down[outside + lexicon.parent[i]!]! * lexicon.probability[i]!;
      }
      total += result[word] = sum;
    }
    if (!(total > 0 && total < Infinity)) {
      throw new LanguageError(
        `The sentence is too unlikely for doubles to hold what stands at its position ${position}.`,
      );
    }
    for (let word = 0; word < words; word++) result[word]! /= total;
    return result;
  }

  private fillInside(sentence: readonly number[]): number {
    const { symbols, unary } = this;
    const length = (this.size = sentence.length);
    this.clear(length);
    const { up, exponents } = this;
    sentence.forEach((word, start) => this.enterWord(word, (length + start) * symbols));
    for (let span = 1; span <= length; span++) {
      for (let start = 0; start + span <= length; start++) {
        const cell = (span * length + start) * symbols;
        let exponent = span === 1 ? 0 : EMPTY;
        for (let split = 1; split < span; split++) {
          const left = split * length + start;
          const right = (span - split) * length + start + split;
          if (exponents[left] === EMPTY || exponents[right] === EMPTY) continue;
          const product = exponents[left]! + exponents[right]!;
          if (exponent === EMPTY) exponent = product;
          if (product === exponent) this.combine(left * symbols, right * symbols, up, cell);
          else exponent = this.combineApart(left * symbols, right * symbols, product, cell, exponent);
        }
        for (const { parent, child, probability } of unary)
          up[cell + parent]! += probability * up[cell + child]!;
        exponents[span * length + start] = this.rescale(cell, exponent);
      }
    }
    return up[length * length * symbols]!;
  }

  private clear(length: number): void {
    const cells = (length + 1) * length;
    if (this.exponents.length < cells) {
      this.up = new Float64Array(cells * this.symbols);
      this.down = new Float64Array(cells * this.symbols);
      this.exponents = new Int32Array(cells);
    } else this.up.fill(0, 0, cells * this.symbols);
  }

  private enterWord(word: number, cell: number): void {
    if (word === HIDDEN) {
      this.up.set(this.anyWord, cell);
      return;
    }
    const { first, parent, probability } = this.lexicon;
    for (let i = first[word]!; i < first[word + 1]!; i++) this.up[cell + parent[i]!]! += probability[i]!;
  }

  /** Adds what binary rules make of two cells to `target` from `offset` on. */
  private combine(left: number, right: number, target: Float64Array, offset: number): void {
    const { symbols, up, byLeft } = this;
    for (let symbol = 0; symbol < symbols; symbol++) {
      const factor = up[left + symbol]!;
      if (factor === 0) continue;
      const end = byLeft.first[symbol + 1]!;
      for (let rule = byLeft.first[symbol]!; rule < end; rule++) {
        target[offset + byLeft.parent[rule]!]! +=
          factor * byLeft.probability[rule]! * up[right + byLeft.right[rule]!]!;
      }
    }
  }

  /** `combine` where the two cells' exponents add up to another exponent than the cell's. Answers its new one. */
  private combineApart(left: number, right: number, product: number, cell: number, exponent: number): number {
    const { symbols, up, scratch } = this;
    scratch.fill(0);
    this.combine(left, right, scratch, 0);
    if (scratch.every((value) => value === 0)) return exponent;
    const isEmpty = up.subarray(cell, cell + symbols).every((value) => value === 0);
    const common = isEmpty ? product : Math.max(product, exponent);
    for (let symbol = 0; symbol < symbols; symbol++) {
      const before = isEmpty ? 0 : up[cell + symbol]! * 2 ** (exponent - common);
      up[cell + symbol] = before + scratch[symbol]! * 2 ** (product - common);
    }
    return common;
  }

  /** Brings a cell's largest entry near 1. Answers the cell's new exponent. */
  private rescale(cell: number, exponent: number): number {
    const { up } = this;
    const end = cell + this.symbols;
    let largest = 0;
    for (let i = cell; i < end; i++) if (up[i]! > largest) largest = up[i]!;
    if (largest === 0) return EMPTY;
    const steps = Math.trunc(Math.log2(largest) / STEP) * STEP;
    const shift = Math.max(-LARGEST_SHIFT, Math.min(LARGEST_SHIFT, steps));
    const factor = 2 ** -shift;
    const least = largest * NEGLIGIBLE;
    for (let i = cell; i < end; i++) up[i] = up[i]! < least ? 0 : up[i]! * factor;
    return exponent + shift;
  }

  private fillOutside(length: number): void {
    const { symbols, up, down, exponents, unary } = this;
    down.fill(0, 0, (length + 1) * length * symbols);
    down[length * length * symbols] = 1;
    for (let span = length; span >= 1; span--) {
      for (let start = 0; start + span <= length; start++) {
        const index = span * length + start;
        if (exponents[index] === EMPTY) continue;
        const cell = index * symbols;
        for (let i = unary.length - 1; i >= 0; i--) {
          const { parent, child, probability } = unary[i]!;
          if (up[cell + child] !== 0) down[cell + child]! += probability * down[cell + parent]!;
        }
        for (let symbol = 0; symbol < symbols; symbol++) {
          const outside = down[cell + symbol]!;
          if (outside === 0 || up[cell + symbol] === 0) continue;
          for (let split = 1; split < span; split++) {
            const left = split * length + start;
            const right = (span - split) * length + start + split;
            if (exponents[left] === EMPTY || exponents[right] === EMPTY) continue;
            const scale = 2 ** (exponents[left]! + exponents[right]! - exponents[index]!);
            this.passDown(symbol, outside, scale, left * symbols, right * symbols);
          }
        }
      }
    }
  }

  /** Adds to the outside of two cells what comes from a non-terminal over both. */
  private passDown(parent: number, outside: number, scale: number, left: number, right: number): void {
    const { up, down, byParent } = this;
    const end = byParent.first[parent + 1]!;
    for (let rule = byParent.first[parent]!; rule < end; rule++) {
      const l = left + byParent.left[rule]!;
      const r = right + byParent.right[rule]!;
      // What cannot generate its own span needs no outside, and `scale` may be infinite there.
      if (up[l] === 0 || up[r] === 0) continue;
      const factor = outside * byParent.probability[rule]! * scale;
      down[l]! += factor * up[r]!;
      down[r]! += factor * up[l]!;
    }
  }
}
