/** What a failure of a shard means: whether to try again, and what to say. */
import { ModelTooBigError, PlateauError } from "../../../shared/errors.ts";
import { LeaseLostError } from "../leases.ts";
import { RuntimeCrashedError, type Health } from "../wasm.ts";

export interface FailureKind {
  readonly reason: string;
  /** Whether another attempt could only end alike. */
  readonly final: boolean;
}

/**
 * @param health of the runtime after the failure: what is thrown on top of a crash tells little.
 * @param incident by which the log finds what is not told.
 */
export function failureOf(error: unknown, health: Health, incident: string): FailureKind {
  if (health === "crashed") {
    const reason =
      error instanceof RuntimeCrashedError
        ? error.message
        : `ONNX Runtime crashed (incident ${incident} in the log).`;
    return { reason, final: false };
  }
  if (error instanceof PlateauError) {
    return { reason: error.message, final: !(error instanceof LeaseLostError) };
  }
  const reason =
    `Something failed inside the evaluator (incident ${incident} in the server's log). Try again, and report it if it ` +
    "fails again.";
  return { reason, final: false };
}

/** Whether there may be memory enough after a restart: what others left in the heap takes room. */
export function wantsEmptyHeap(error: unknown, lent: Health): boolean {
  return error instanceof ModelTooBigError && lent !== "fresh";
}
