/** Keeps the last one of some things that are costly to have: loaded once for many uses in a row. */
import type { Held, MemoryAccount } from "./accounting.ts";

export interface Item {
  readonly key: string;
  /** How errors call it. */
  readonly what: string;
  /** Bytes that it takes as long as it is kept. */
  readonly bytes: number;
  /** Bytes that it takes besides while it is loaded. */
  readonly loadingBytes?: number;
}

interface Entry<T> {
  readonly key: string;
  readonly value: T;
  readonly held: Held;
  users: number;
}

export class LastUsed<T> {
  readonly #account: MemoryAccount;
  #entry: Entry<T> | undefined;

  constructor(account: MemoryAccount) {
    this.#account = account;
    account.addCache(() => this.#giveWay());
  }

  /** The thing, kept at least until `done` is called. @throws OverBudgetError; what `load` throws. */
  async use(item: Item, load: () => Promise<T>): Promise<{ readonly value: T; readonly done: () => void }> {
    const entry = this.#entry?.key === item.key ? this.#entry : await this.#load(item, load);
    entry.users++;
    let open = true;
    const done = () => {
      if (!open) return;
      open = false;
      entry.users--;
      // Another one took its place while it was in use.
      if (entry !== this.#entry && entry.users === 0) entry.held.release();
    };
    return { value: entry.value, done };
  }

  async #load({ key, what, bytes, loadingBytes = 0 }: Item, load: () => Promise<T>): Promise<Entry<T>> {
    this.#giveWay();
    const loading = this.#account.hold(what, bytes + loadingBytes);
    try {
      const value = await load();
      loading.release();
      this.#giveWay();
      return (this.#entry = { key, value, held: this.#account.hold(what, bytes), users: 0 });
    } finally {
      loading.release();
    }
  }

  #giveWay(): void {
    if (!this.#entry) return;
    if (this.#entry.users === 0) this.#entry.held.release();
    this.#entry = undefined;
  }
}
