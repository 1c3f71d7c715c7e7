/**
 * Lets one piece of work at a time use what an isolate has only one of.
 *
 * A plain mutex would stay locked for ever when workerd drops the request that holds it, because its `finally` never
 * runs then. So those who wait poll, and take over from a holder that shows no sign of life.
 */
import { PlateauError } from "../../shared/errors.ts";

/** Someone took over. Trying again may well help. */
export class LeaseLostError extends PlateauError {}

export interface Lease {
  /** A sign of life. Throws a `LeaseLostError` once someone has taken over. */
  renew(): void;
  /** Registers what must happen when the work ends, however it ends. */
  onEnd(cleanUp: () => Promise<void>): void;
}

export interface LeasesOptions {
  /** Resolves after so many milliseconds. */
  readonly wait: (milliseconds: number) => Promise<unknown>;
  /** Time between looks at the holder, in milliseconds. */
  readonly poll?: number;
  /** A holder that has not renewed for so long, in milliseconds, loses the lease. */
  readonly patience?: number;
}

interface Holder {
  renewals: number;
  readonly cleanUps: (() => Promise<void>)[];
}

export class Leases {
  readonly #options: Required<LeasesOptions>;
  #holder: Holder | undefined;

  constructor({ wait, poll = 100, patience = 60_000 }: LeasesOptions) {
    this.#options = { wait, poll, patience };
  }

  /** Waits for its turn, then settles as `work` does. */
  async run<T>(work: (lease: Lease) => Promise<T>): Promise<T> {
    const holder = await this.#turn();
    try {
      return await work({
        renew: () => {
          if (this.#holder !== holder) {
            throw new LeaseLostError(
              "This evaluation stood still and another took its place; start it again.",
            );
          }
          holder.renewals++;
        },
        onEnd: (cleanUp) => holder.cleanUps.push(cleanUp),
      });
    } finally {
      if (this.#holder === holder) await this.#end(holder);
    }
  }

  async #turn(): Promise<Holder> {
    const { wait, poll, patience } = this.#options;
    let watched: Holder | undefined;
    let renewals = 0;
    let idle = 0;
    while (this.#holder) {
      if (this.#holder !== watched || watched.renewals !== renewals) {
        watched = this.#holder;
        renewals = watched.renewals;
        idle = 0;
      } else if (idle >= patience) {
        await this.#end(watched);
        continue;
      }
      await wait(poll);
      idle += poll;
    }
    return (this.#holder = { renewals: 0, cleanUps: [] });
  }

  /** Cleans up while the lease is still held, so that nobody starts in between. */
  async #end(holder: Holder): Promise<void> {
    for (const cleanUp of holder.cleanUps.splice(0)) await cleanUp();
    if (this.#holder === holder) this.#holder = undefined;
  }
}
