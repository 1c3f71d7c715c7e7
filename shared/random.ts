/** Random numbers from the counter-based generator: the same for the same key, on every machine. */
import { philox4x32 } from "./perturb/philox.ts";

/**
 * A stream of random numbers keyed by a seed and up to two whole numbers (which draw, which purpose), so that any
 * stream can be made without those before it.
 */
export class RandomStream {
  private readonly block = new Uint32Array(4);
  private readonly key0: number;
  private readonly key1: number;
  private readonly stream: number;
  private readonly purpose: number;
  private counter = 0;
  private left = 0;

  constructor(seed: number, stream = 0, purpose = 0) {
    this.key0 = seed >>> 0;
    this.key1 = Math.floor(seed / 2 ** 32) >>> 0;
    this.stream = stream;
    this.purpose = purpose;
  }

  /** A whole number, uniform on [0, 2³²). */
  word(): number {
    if (this.left === 0) {
      // The last counter word keeps these streams apart from those of directions, which count from 0.
      philox4x32(this.counter++, this.stream, this.purpose, 0xffffffff, this.key0, this.key1, this.block);
      this.left = 4;
    }
    return this.block[4 - this.left--]!;
  }

  /** Uniform on [0, 1), 53 bits. */
  uniform(): number {
    return ((this.word() >>> 5) * 2 ** 26 + (this.word() >>> 6)) / 2 ** 53;
  }

  /** A whole number, uniform on [0, bound), for bounds far below 2⁵³. */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** Standard normal (Box and Muller 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Shuffles in place (Fisher and Yates) and returns the array. */
  shuffle<Item>(items: Item[]): Item[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
    return items;
  }
}
