/**
 * One thread serves evaluations and everyone else. Whoever computes gives the others their turn again and again: for a
 * fixed share of the time that it computed, since a request is answered in many short steps.
 */

/** Of the time. */
const OTHERS = 0.2;
/** Milliseconds. */
const SHORTEST = 1;
const LONGEST = 50;

export class FairTurns {
  /** Milliseconds, when it was last its own turn; the clock stands still while it computes. */
  #resumed = Date.now();
  /** Milliseconds computed since others had their turn. */
  #computed = 0;

  /** To be called every few milliseconds of computing. */
  async give(): Promise<void> {
    await scheduler.wait(0);
    this.#computed += Date.now() - this.#resumed;
    const due = (this.#computed * OTHERS) / (1 - OTHERS);
    if (due >= SHORTEST) {
      this.#computed = 0;
      await scheduler.wait(Math.min(LONGEST, due));
    }
    this.#resumed = Date.now();
  }
}
