/** Claims shards, runs them, and sends what they gave, until told to stop. */
import { setTimeout as sleep } from "node:timers/promises";
import { ATTEMPTS, patiently } from "../../../shared/api/client/patience.ts";
import { claimWork } from "../../../shared/api/client/work.ts";
import type { Claim, Work } from "../../../shared/api/work.ts";
import { PlateauError } from "../../../shared/errors.ts";
import { runWork, type Given, type HeldShard, type Ran, type ShardContext } from "./shard-run.ts";

/** This worker and the board do not understand each other. */
export class MisfitError extends PlateauError {}

export interface LendOptions extends ShardContext {
  /** What the worker tells of itself. */
  readonly claim: Omit<Claim, "prefer">;
  /** Seconds without work after which it ends; never where null. */
  readonly idleExit: number | null;
  /** Aborts when it is to end: the shard in hand is finished where that is soon, or else given back. */
  readonly stop: AbortSignal;
  readonly onClaim: (work: Work) => void;
  readonly onEnd: (work: Work, ran: Ran, given: Given) => void;
  /** Nothing to do: how long until the next look. */
  readonly onIdle: (seconds: number) => void;
}

/** Seconds that a shard in hand may go on for after the wish to stop. */
const GRACE = 20;
/** Of the first pause after a shard: the board plans what comes next, which takes it a moment. */
const FIRST_PAUSE = 0.3;
/** Seconds of rest after failures in a row: a machine that fails at everything must not use up all attempts there are. */
const LONGEST_REST = 300;
/** Payloads in a row that the board does not take: then it is not about the model. */
const MOST_MISFITS = 3;
/** Of a board that has answered before: it may be away for hours. */
const PATIENT = 10_000;

/**
 * Returns when it was told to stop, or was idle for long enough.
 *
 * @throws ProblemError where the board lets this worker in no more; MisfitError; RuntimeUnavailableError; what requests
 * throw, once patience is at its end.
 */
export async function lend(options: LendOptions): Promise<void> {
  const { stop, idleExit } = options;
  const claims = new Claims(options);
  const results = new Results(options);
  const idle = new Pauses();
  let held: HeldShard | null = null;
  let failures = 0;
  try {
    while (!stop.aborted) {
      // While the last result is still on its way.
      const { work, secondsToWait } = await claims.next(held?.work.evaluation);
      if (!work) {
        // It may wait for just that.
        if (await results.sent()) continue;
        if (idleExit !== null && idle.seconds >= idleExit) return;
        const seconds = Math.min(
          idle.next(secondsToWait),
          idleExit === null ? Infinity : idleExit - idle.seconds,
        );
        options.onIdle(seconds);
        await pausing(stop, seconds);
        idle.add(seconds);
        continue;
      }
      idle.reset();
      held = runWork(work, options);
      options.onClaim(work);
      const ran = await endOf(held, stop);
      await results.sent();
      results.send(held, ran);
      // What went wrong is told before the next one is begun.
      if (ran.kind === "done") failures = 0;
      else await results.sent();
      if (ran.kind === "unavailable") throw ran.error;
      if (ran.kind === "failed") await pausing(stop, Math.min(LONGEST_REST, 2 ** failures++));
    }
    await results.sent();
  } finally {
    held?.drop();
  }
}

class Claims {
  readonly #options: LendOptions;
  #answered = false;

  constructor(options: LendOptions) {
    this.#options = options;
  }

  async next(
    prefer: string | undefined,
  ): Promise<{ readonly work: Work | null; readonly secondsToWait: number }> {
    const { connection, stop, onPause, claim } = this.#options;
    const patience = {
      wait: (seconds: number) => sleep(1000 * seconds, undefined, { signal: stop }),
      onPause,
      attempts: this.#answered ? PATIENT : ATTEMPTS / 2,
    };
    try {
      // Not broken off: what the board has given is to be given back.
      const answer = await patiently(
        () => claimWork(connection, { ...claim, ...(prefer !== undefined && { prefer }) }),
        patience,
      );
      this.#answered = true;
      return answer;
    } catch (error) {
      if (stop.aborted) return { work: null, secondsToWait: 0 };
      throw error;
    }
  }
}

/** One result at a time is on its way. */
class Results {
  readonly #options: LendOptions;
  #sending: Promise<{ readonly error: unknown } | null> | null = null;
  #misfits = 0;

  constructor(options: LendOptions) {
    this.#options = options;
  }

  send(held: HeldShard, ran: Ran): void {
    this.#sending = this.#give(held, ran).then(
      () => null,
      (error: unknown) => ({ error }),
    );
  }

  /** Waits for it; false where there was none. @throws what sending it threw; MisfitError. */
  async sent(): Promise<boolean> {
    const sending = this.#sending;
    this.#sending = null;
    const failed = await sending;
    if (failed) throw failed.error;
    return sending !== null;
  }

  async #give(held: HeldShard, ran: Ran): Promise<void> {
    const given = await held.give(ran);
    this.#options.onEnd(held.work, ran, given);
    this.#misfits = given.kind === "given back" && given.misfit ? this.#misfits + 1 : 0;
    if (this.#misfits >= MOST_MISFITS) {
      throw new MisfitError(
        `The board took none of the last ${MOST_MISFITS} results (${(given as { reason: string }).reason}); ` +
          "use the version of Plateau that it runs.",
      );
    }
  }
}

/** Pauses grow up to what the board asks for. */
class Pauses {
  seconds = 0;
  #pause = FIRST_PAUSE;

  next(asked: number): number {
    const pause = Math.min(this.#pause, asked);
    this.#pause *= 2;
    // Workers that wait for the same thing do not all ask at once.
    return pause * (0.8 + 0.4 * Math.random());
  }

  add(seconds: number): void {
    this.seconds += seconds;
  }

  reset(): void {
    this.seconds = 0;
    this.#pause = FIRST_PAUSE;
  }
}

async function pausing(stop: AbortSignal, seconds: number): Promise<void> {
  await sleep(1000 * seconds, undefined, { signal: stop }).catch(() => undefined);
}

/** What comes of the shard; soon, where it is time to stop. */
async function endOf(held: HeldShard, stop: AbortSignal): Promise<Ran> {
  let timer: NodeJS.Timeout | undefined;
  const hurry = () => {
    timer = setTimeout(() => held.stop(), 1000 * GRACE);
  };
  if (stop.aborted) held.stop();
  else stop.addEventListener("abort", hurry, { once: true });
  try {
    return await held.ran;
  } finally {
    stop.removeEventListener("abort", hurry);
    clearTimeout(timer);
  }
}
