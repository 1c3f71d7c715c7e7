/** The correlations of a view, kept up to date by a Web Worker. */
import type { Column } from "../../../board/column.ts";
import type { Correlated, Pairs } from "../../../board/correlate.ts";
import type { Answer, Question } from "./worker.ts";

export interface Correlations {
  readonly checkpoints: number;
  readonly runs: number;
  /** By coefficient; those that are not known yet are absent. */
  readonly found: Readonly<Partial<Record<Answer["name"], Correlated>>>;
}

/** Milliseconds from question to question. */
const INTERVAL = 150;

export class CorrelationState {
  /** Of the newest view that anything is known of; null before there is one. */
  known = $state.raw<Correlations | null>(null);
  /** Whether a newer view is being worked on. */
  busy = $state(false);
  /** Why there is nothing, in words; null where there is. */
  failure = $state<string | null>(null);
  #worker: Worker | null = null;
  #asked = 0;
  #next: (() => Pairs) | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #subject: { readonly checkpoints: number; readonly runs: number } = { checkpoints: 0, runs: 0 };

  /** @param pairs asked for when it is time: not oftener than a few times a second, while something is dragged. */
  ask(pairs: () => Pairs): void {
    this.busy = true;
    this.#next = pairs;
    this.#timer ??= setTimeout(() => this.#send(), this.#worker ? INTERVAL : 0);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#worker = null;
  }

  #send(): void {
    this.#timer = undefined;
    this.#worker ??= this.#start();
    const pairs = this.#next!();
    const id = ++this.#asked;
    this.#subject = { checkpoints: pairs.x.length, runs: new Set(pairs.runs).size };
    const question: Question = { id, pairs };
    this.#worker.postMessage(question);
  }

  #start(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => this.#hear(data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.busy = false;
      this.failure = `The correlations could not be computed${event.message ? ` (${event.message})` : ""}; load the page again.`;
    });
    return worker;
  }

  #hear({ id, name, found }: Answer): void {
    if (id !== this.#asked) return;
    this.failure = null;
    // The first answer of a question takes the place of all there was.
    const before = name === "spearman" ? {} : this.known?.found;
    this.known = { ...this.#subject, found: { ...before, [name]: found } };
    if (name === "kendall") this.busy = this.#timer !== undefined;
  }
}

/** Rows that have both values. @param runs [rows]: the number of each one's run. */
export function pairsOf(rows: Int32Array, x: Column, y: Column, runs: Uint32Array): Pairs {
  const both = rows.filter((row) => !Number.isNaN(x.numbers[row]!) && !Number.isNaN(y.numbers[row]!));
  return {
    x: Float64Array.from(both, (row) => x.numbers[row]!),
    y: Float64Array.from(both, (row) => y.numbers[row]!),
    runs: Uint32Array.from(both, (row) => runs[row]!),
  };
}
