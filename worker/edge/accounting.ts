/**
 * What an isolate holds in memory, added up: an isolate that takes more than 128 MB is thrown away in the middle of its
 * work, and nothing inside it can ask how much it takes. What is large says so here before it is made.
 */
import { ModelTooBigError } from "../../shared/errors.ts";

const MIB = 2 ** 20;

/** The rest, up to 128 MB, is for what nobody counts. */
export const BUDGET_BYTES = 120 * MIB;
/** V8 itself, the code, compiled and not, and the small objects of one request. */
export const BASE_BYTES = 14 * MIB;

/** What was to be held does not fit beside what is held. */
export class OverBudgetError extends ModelTooBigError {}

export interface Held {
  /** Counts no longer; calling it twice is harmless. */
  release(): void;
}

export interface AccountOptions {
  readonly budgetBytes?: number;
  readonly baseBytes?: number;
  /** Bytes of WebAssembly's heap. */
  readonly heapBytes: () => number;
}

export class MemoryAccount {
  /** Buffers that are part of what is held, so that handing them on takes no more. */
  readonly counted = new WeakSet<ArrayBufferLike>();
  readonly #options: Required<AccountOptions>;
  readonly #held = new Set<{ readonly bytes: number }>();
  readonly #caches: (() => void)[] = [];
  #peak = 0;

  constructor({ budgetBytes = BUDGET_BYTES, baseBytes = BASE_BYTES, heapBytes }: AccountOptions) {
    this.#options = { budgetBytes, baseBytes, heapBytes };
  }

  /** Bytes beside the heap. */
  get javaScriptBytes(): number {
    let sum = this.#options.baseBytes;
    for (const { bytes } of this.#held) sum += bytes;
    return sum;
  }

  get totalBytes(): number {
    return this.javaScriptBytes + this.#options.heapBytes();
  }

  /** The most there ever was. */
  get peakBytes(): number {
    return (this.#peak = Math.max(this.#peak, this.totalBytes));
  }

  /** Bytes that the heap may take, all else staying as it is. */
  get heapAllowanceBytes(): number {
    return this.#options.budgetBytes - this.javaScriptBytes;
  }

  /** `giveWay` is called when memory is short: it lets go of what can be had again. */
  addCache(giveWay: () => void): void {
    this.#caches.push(giveWay);
  }

  /**
   * Counts bytes until they are released, after caches gave way where it must be.
   *
   * @param what how an error calls it, such as "the model".
   * @throws OverBudgetError
   */
  hold(what: string, bytes: number): Held {
    const entry = { bytes };
    const beyond = () => this.totalBytes + bytes - this.#options.budgetBytes;
    if (beyond() > 0) for (const giveWay of this.#caches) giveWay();
    if (beyond() > 0) {
      const [needed, free] = [bytes, bytes - beyond()].map((each) => Math.max(0, each / MIB).toFixed(1));
      throw new OverBudgetError(
        `The edge has ${this.#options.budgetBytes / MIB} MiB for everything, of which ${free} are free, and ${what} ` +
          `needs ${needed}; evaluate it on a machine of your own.`,
      );
    }
    this.#held.add(entry);
    this.#peak = Math.max(this.#peak, this.totalBytes);
    return { release: () => void this.#held.delete(entry) };
  }
}
