/**
 * Table and plot draw ten thousand rows in one frame each, but not both in the same one: the table comes first, not oftener
 * than so many times a second, and the plot in a frame that the table leaves it.
 */
import { untrack } from "svelte";

export class Turns {
  /** Whether the table has changed since the plot last looked. */
  taken = false;
}

/** What the table shows of a value: it follows at once, but not oftener than so many times a second. */
export class TableTurn<T> {
  #current = $state.raw() as T;
  #last = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Call while a component is set up. @param interval milliseconds. */
  constructor(turns: Turns, interval: number, read: () => T) {
    this.#current = untrack(read);
    const follow = (value: T) => {
      if (value === untrack(() => this.#current)) return;
      turns.taken = true;
      this.#last = performance.now();
      this.#current = value;
    };
    $effect(() => {
      const value = read();
      const wait = this.#last + interval - performance.now();
      if (wait <= 0) return follow(value);
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        follow(untrack(read));
      }, wait);
    });
    $effect(() => () => clearTimeout(this.#timer));
  }

  get current(): T {
    return this.#current;
  }
}

/** What the plot shows of a value: it follows in the next frame, or in the one after where the table has just changed. */
export class PlotTurn<T> {
  #current = $state.raw() as T;
  #frame = 0;

  /** Call while a component is set up. */
  constructor(turns: Turns, read: () => T) {
    this.#current = untrack(read);
    const look = (waited: boolean) => {
      this.#frame = requestAnimationFrame(() => {
        const leave = turns.taken && !waited;
        turns.taken = false;
        if (leave) return look(true);
        this.#frame = 0;
        this.#current = untrack(read);
      });
    };
    $effect(() => {
      read();
      if (this.#frame === 0) look(false);
    });
    $effect(() => () => cancelAnimationFrame(this.#frame));
  }

  get current(): T {
    return this.#current;
  }
}
