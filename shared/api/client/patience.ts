/** Trying again where that can help. */
import { ProblemError, UnreachableError } from "./errors.ts";

export interface Patience {
  /** Resolves after so many seconds, or rejects where the caller has given up. */
  readonly wait: (seconds: number) => Promise<void>;
  /** Before a pause: what went wrong, and how long it is. */
  readonly onPause?: (error: Error, seconds: number) => void;
  /** Failures one right after another until it is given up. */
  readonly attempts?: number;
}

/** Unless said otherwise. */
export const ATTEMPTS = 8;
/** Of the first pause, and of the longest, in seconds. */
const FIRST = 0.5;
const LONGEST = 30;
/** Who is told to come back later than this, in seconds, is not kept waiting: a quota may begin anew tomorrow. */
const WORTH_WAITING = 300;

/** @throws the last error, where trying again does not help or has not helped. */
export async function patiently<T>(
  action: () => Promise<T>,
  { wait, onPause, attempts = ATTEMPTS }: Patience,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof Error) || failures >= attempts || !passes(error)) throw error;
      const asked = error instanceof ProblemError ? error.retryAfter : null;
      const seconds = Math.min(LONGEST, asked ?? FIRST * 2 ** (failures - 1));
      onPause?.(error, seconds);
      await wait(seconds);
    }
  }
}

/** Whether the cause is one that passes by itself. */
function passes(error: Error): boolean {
  if (error instanceof UnreachableError) return true;
  if (!(error instanceof ProblemError)) return false;
  const { problem, retryAfter } = error;
  return (
    problem.status >= 500 || (problem.status === 429 && retryAfter !== null && retryAfter <= WORTH_WAITING)
  );
}
