/** Exports of a WebAssembly instance that another instance of the same module may take the place of. */

export type Callable = (...args: unknown[]) => unknown;

/** What stands for a function, and the function it calls now. */
interface Slot {
  /** Null where a table has none. */
  target: Callable | null;
  readonly find: (exports: WebAssembly.Exports) => Callable | null;
}

export class ForwardingExports {
  /** Functions, and tables of functions, that call those of the instance last given to `use`. */
  readonly exports: WebAssembly.Exports;
  readonly #slots: Slot[] = [];
  #current: WebAssembly.Exports;

  constructor(first: WebAssembly.Exports) {
    this.#current = first;
    const entries = Object.entries(first).map(([name, value]) => {
      if (typeof value === "function") return [name, this.#stand((exports) => exports[name] as Callable)];
      if (value instanceof WebAssembly.Table) return [name, this.#standForTable(name)];
      throw new Error(`The module exports ${name}, which is neither a function nor a table of functions`);
    });
    this.exports = Object.fromEntries(entries) as WebAssembly.Exports;
  }

  use(exports: WebAssembly.Exports): void {
    this.#current = exports;
    for (const slot of this.#slots) slot.target = slot.find(exports);
  }

  #standForTable(name: string): WebAssembly.Table {
    const get = (index: number) =>
      this.#stand((exports) => (exports[name] as WebAssembly.Table).get(index) as Callable | null);
    return { get } as WebAssembly.Table;
  }

  #stand(find: Slot["find"]): Callable {
    const slot: Slot = { target: find(this.#current), find };
    this.#slots.push(slot);
    // Calls that C++ guards against exceptions go through here, thousands a run, and rest arguments would cost. Functions
    // of WebAssembly take no notice of arguments beyond theirs.
    return slot.target && slot.target.length > 5
      ? (...args) => slot.target!(...args)
      : (a, b, c, d, e) => slot.target!(a, b, c, d, e);
  }
}
