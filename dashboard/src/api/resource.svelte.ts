/** Something that is read from the board, and how that stands. */

export class Resource<T> {
  /** What was read last; kept while it is read anew, and when that fails. */
  value = $state.raw<T>();
  /** Why the last reading failed; null where it did not. */
  error = $state.raw<unknown>(null);
  reading = $state(false);
  #read: (signal: AbortSignal) => Promise<T>;
  #current: AbortController | null = null;

  /** @param read is called by `load`; it should pass the signal on. */
  constructor(read: (signal: AbortSignal) => Promise<T>) {
    this.#read = read;
  }

  /** Reads anew; a reading that still goes on is given up. */
  async load(): Promise<void> {
    this.#current?.abort();
    const current = new AbortController();
    this.#current = current;
    this.reading = true;
    try {
      const value = await this.#read(current.signal);
      if (current.signal.aborted) return;
      this.value = value;
      this.error = null;
    } catch (error) {
      if (current.signal.aborted) return;
      this.error = error;
    }
    this.reading = false;
  }

  /** Gives up whatever is being read. */
  stop(): void {
    this.#current?.abort();
  }
}

/** Milliseconds after which what was read is read anew for someone who comes back to the page. */
const PATIENCE = 60_000;

/**
 * Reads now, again when the connection comes back, and when someone comes back to the page after a while, for as long as
 * the component lives. Call from `onMount`.
 */
export function keepReading(resource: Resource<unknown>): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let begun = 0;
  const read = () => {
    begun = performance.now();
    void resource.load();
  };
  addEventListener("online", () => resource.error !== null && read(), { signal });
  document.addEventListener(
    "visibilitychange",
    () => !document.hidden && performance.now() - begun > PATIENCE && read(),
    { signal },
  );
  read();
  return () => {
    stop.abort();
    resource.stop();
  };
}
