import { philox4x32 } from "../perturb/philox.ts";

/** What random numbers are drawn for; streams of one seed never meet. */
export const Stream = { bootstrap: 1, permutation: 2 } as const;
export type Stream = (typeof Stream)[keyof typeof Stream];

/**
 * Random whole numbers and signs keyed by (seed, stream, round): the same whatever was drawn before.
 * Seed: a whole number below 2⁵³.
 */
export class KeyedRandom {
  readonly #block = new Uint32Array(4);
  readonly #key0: number;
  readonly #key1: number;
  readonly #stream: Stream;
  #round = 0;
  #drawn = 0;

  constructor(seed: number, stream: Stream) {
    this.#key0 = seed >>> 0;
    this.#key1 = Math.floor(seed / 2 ** 32) >>> 0;
    this.#stream = stream;
  }

  startRound(round: number): void {
    this.#round = round;
    this.#drawn = 0;
  }

  /** 0 … count − 1, each as likely as any other to one part in 2³²/count. */
  below(count: number): number {
    return Math.floor((this.#word() / 2 ** 32) * count);
  }

  sign(): 1 | -1 {
    return this.#word() >>> 31 ? -1 : 1;
  }

  #word(): number {
    const place = this.#drawn & 3;
    if (place === 0)
      philox4x32(this.#drawn >>> 2, this.#round, this.#stream, 0, this.#key0, this.#key1, this.#block);
    this.#drawn++;
    return this.#block[place]!;
  }
}
