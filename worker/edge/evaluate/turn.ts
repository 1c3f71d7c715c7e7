/**
 * One at a time, without waiting. workerd may drop a request without a word, so that whoever had the turn never gives it
 * back: it is taken from those who show no sign of life.
 */
export interface Holder {
  /** A sign of life. */
  renew(): void;
  end(): void;
}

export class Turn {
  readonly #patience: number;
  readonly #now: () => number;
  #last: { readonly holder: object; at: number } | undefined;

  /** @param patience milliseconds without a sign of life. */
  constructor(patience = 60_000, now: () => number = Date.now) {
    this.#patience = patience;
    this.#now = now;
  }

  /** Null where someone else has it. */
  take(): Holder | null {
    if (this.#last && this.#now() - this.#last.at < this.#patience) return null;
    const own = { holder: {}, at: this.#now() };
    this.#last = own;
    return {
      renew: () => {
        own.at = this.#now();
      },
      end: () => {
        if (this.#last === own) this.#last = undefined;
      },
    };
  }
}
