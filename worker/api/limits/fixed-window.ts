/** Counts how often something happens in one period after another: what the platform's rate limits do, in one isolate. */

export interface RateOptions {
  /** How often it may happen in a period. */
  readonly limit: number;
  /** Seconds. */
  readonly period: number;
}

/** Beyond these, the one that came first is forgotten: memory is bounded, whoever asks from wherever. */
const MOST_KEYS = 10_000;

export class FixedWindow implements Pick<RateLimit, "limit"> {
  readonly #options: RateOptions;
  readonly #now: () => number;
  readonly #counts = new Map<string, { readonly start: number; count: number }>();

  /** @param now milliseconds. */
  constructor(options: RateOptions, now: () => number = Date.now) {
    this.#options = options;
    this.#now = now;
  }

  async limit({ key }: { readonly key: string }): Promise<{ success: boolean }> {
    const now = this.#now();
    const known = this.#counts.get(key);
    const entry = known && now - known.start < 1000 * this.#options.period ? known : { start: now, count: 0 };
    entry.count++;
    if (entry !== known) {
      this.#counts.delete(key);
      this.#counts.set(key, entry);
      if (this.#counts.size > MOST_KEYS) this.#counts.delete(this.#counts.keys().next().value!);
    }
    return { success: entry.count <= this.#options.limit };
  }
}
