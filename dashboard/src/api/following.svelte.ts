/** An evaluation on the board, followed to its end; the connection may break in between. */
import { followEvaluation } from "../../../shared/api/client/evaluations.ts";
import type { EvaluationEvent } from "../../../shared/api/evaluations.ts";
import { BOARD } from "./board.ts";
import { pause } from "./pause.ts";
import { ShareClock } from "./share-clock.ts";
import { watchedFetch } from "./watched-fetch.ts";

export class Following {
  /** What is known of it; what the caller knew, until the board tells more. */
  now = $state.raw<EvaluationEvent>()!;
  secondsLeft = $state<number | null>(null);
  /** Whether the board does not answer at this moment. */
  broken = $state(false);
  /** Why it is not followed any longer; null while it is, and at its end. */
  error = $state.raw<unknown>(null);
  readonly #stop = new AbortController();
  readonly #onend: (event: EvaluationEvent) => void;

  /** @param onend called once, with its last state. */
  constructor(known: EvaluationEvent, onend: (event: EvaluationEvent) => void) {
    this.now = known;
    this.#onend = onend;
    void this.follow();
  }

  /** Follows it, again where that was given up. */
  async follow(): Promise<void> {
    const { signal } = this.#stop;
    this.error = null;
    const clock = new ShareClock();
    try {
      const events = followEvaluation({ ...BOARD, fetch: watchedFetch }, this.now.id, {
        signal,
        // The board may be away for as long as it takes to start it again.
        attempts: 40,
        onPause: () => (this.broken = true),
        wait: (seconds) => pause(Math.min(5, seconds), signal),
      });
      for await (const event of events) {
        this.broken = false;
        this.now = event;
        this.secondsLeft = clock.left(event.progress.share, performance.now() / 1000);
      }
      this.#onend(this.now);
    } catch (error) {
      if (signal.aborted) return;
      this.broken = false;
      this.error = error;
    }
  }

  stop(): void {
    this.#stop.abort();
  }
}
