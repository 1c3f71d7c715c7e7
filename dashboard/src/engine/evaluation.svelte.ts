/** The evaluation that goes on in this browser: one at a time, on whatever page the visitor is meanwhile. */
import type { ProgressState } from "../../../shared/evaluate/progress-plan.ts";
import type { Result } from "../../../shared/evaluate/result-schema.ts";
import type { Agreement } from "./agreement.ts";
import type { Failure, FromWorker, Job } from "./messages.ts";

export type Outcome =
  | { readonly kind: "result"; readonly result: Result; readonly agreement: Agreement | null }
  | { readonly kind: "refused"; readonly agreement: Agreement }
  | { readonly kind: "failure"; readonly failure: Failure };

class LocalEvaluation {
  /** Null while nothing was begun. */
  job = $state.raw<Job | null>(null);
  progress = $state.raw<ProgressState | null>(null);
  /** Null while it goes on. */
  outcome = $state.raw<Outcome | null>(null);
  #worker: Worker | null = null;

  get running(): boolean {
    return this.job !== null && this.outcome === null;
  }

  start(job: Job): void {
    this.cancel();
    this.job = job;
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "engine" });
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === "progress") this.progress = data.state;
      else this.#end(data);
    };
    // Its script did not load, or it ran out of memory.
    worker.onerror = (event) => {
      event.preventDefault();
      const message =
        event.message ||
        "The engine could not be started; look whether the connection stands, and load the page again.";
      this.#end({ kind: "failure", failure: { message, told: !event.message } });
    };
    worker.postMessage(job);
    addEventListener("beforeunload", keepPage);
  }

  /** The result was saved, or laid over a board: nothing is lost when the page goes. */
  letGo(): void {
    removeEventListener("beforeunload", keepPage);
  }

  /** Stops it, whatever it is doing, and forgets it. */
  cancel(): void {
    this.#stop();
    this.letGo();
    this.job = null;
    this.progress = null;
    this.outcome = null;
  }

  #end(outcome: Outcome): void {
    this.#stop();
    if (outcome.kind !== "result") this.letGo();
    this.outcome = outcome;
  }

  #stop(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }
}

export const localEvaluation = new LocalEvaluation();

/** The browser asks before the page goes. */
function keepPage(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
