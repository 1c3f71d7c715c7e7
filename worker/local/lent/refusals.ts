/** What a board's refusal means for a worker. */
import { ProblemError } from "../../../shared/api/client/errors.ts";

/** The lease is someone else's, or nobody's: what was computed is of no use any more. */
export function isLost(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.code === "lease-lost";
}

/** The token was revoked, expired or lacks the scope, or the worker was cut off: nothing that it tries will go through. */
export function isShutOut(error: unknown): boolean {
  return error instanceof ProblemError && (error.problem.status === 401 || error.problem.status === 403);
}

/** What was sent is not what the shard gives, in the board's eyes. */
export function isMisfit(error: unknown): boolean {
  return error instanceof ProblemError && (error.problem.status === 422 || error.problem.status === 413);
}
