/** What can come of a request besides its answer. */
import { PlateauError } from "../../errors.ts";
import type { Problem } from "../problem.ts";

/** The board refused the request, in its own words. `problem.code` is what programs may rely on. */
export class ProblemError extends PlateauError {
  readonly problem: Problem;
  /** Seconds after which another try makes sense; null where the board did not say. */
  readonly retryAfter: number | null;

  constructor(problem: Problem, retryAfter: number | null) {
    super(problem.detail);
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** No answer came. Try again once the board is there. */
export class UnreachableError extends PlateauError {}

/** What answered is no board of this version. */
export class AnswerError extends PlateauError {}
