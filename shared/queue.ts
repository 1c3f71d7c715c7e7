/** Runs asynchronous pieces of work one after another, in the order they were asked for. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects as `work` does, once everything queued before it has settled. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
