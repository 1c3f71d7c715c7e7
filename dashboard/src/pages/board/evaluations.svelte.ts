/** Evaluations of a board that go on or failed, asked for again and again while any goes on. */
import { getCheckpoint } from "../../../../shared/api/client/checkpoints.ts";
import { listEvaluations } from "../../../../shared/api/client/evaluations.ts";
import type { EvaluationSummary } from "../../../../shared/api/evaluations.ts";
import { BOARD } from "../../api/board.ts";
import { goingOn, isActive } from "../../board/going-on.ts";

/** Milliseconds between questions: while something goes on, and while nothing does. */
const [OFTEN, SELDOM] = [3000, 60_000];
/** Of the newest evaluations. */
const LOOKED_AT = 200;

export class BoardEvaluations {
  shown = $state.raw<readonly EvaluationSummary[]>([]);
  /** By checkpoint, of those that have no row. */
  names = $state.raw<ReadonlyMap<string, string>>(new Map());
  readonly #suite: string;
  readonly #onfinish: () => void;
  readonly #stop = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #active = new Set<string>();

  /** @param onfinish called when one that went on does so no more: the board may have another row. */
  constructor(suite: string, onfinish: () => void) {
    this.#suite = suite;
    this.#onfinish = onfinish;
    document.addEventListener("visibilitychange", () => !document.hidden && void this.ask(), {
      signal: this.#stop.signal,
    });
    void this.ask();
  }

  stop(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
  }

  async ask(): Promise<void> {
    clearTimeout(this.#timer);
    const { signal } = this.#stop;
    if (!document.hidden) {
      try {
        const query = { suite: this.#suite, limit: LOOKED_AT };
        this.#take((await listEvaluations(BOARD, query, { signal })).evaluations);
      } catch {
        // The board says so itself when it cannot be read; this list is asked for again.
      }
    }
    if (signal.aborted) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.ask(), this.shown.some(isActive) ? OFTEN : SELDOM);
  }

  #take(evaluations: readonly EvaluationSummary[]): void {
    const shown = goingOn(evaluations);
    const active = new Set(shown.filter(isActive).map(({ id }) => id));
    const ended = [...this.#active].some((id) => !active.has(id));
    this.#active = active;
    this.shown = shown;
    if (ended) this.#onfinish();
    for (const { checkpoint } of shown) if (!this.names.has(checkpoint)) void this.#name(checkpoint);
  }

  async #name(checkpoint: string): Promise<void> {
    const name = await getCheckpoint(BOARD, checkpoint, { signal: this.#stop.signal }).then(
      (found) => ("name" in found ? found.name : checkpoint),
      () => checkpoint,
    );
    this.names = new Map(this.names).set(checkpoint, name);
  }
}
