/** An evaluation on a board, from asking for it to its end. */
import type { Evaluation, EvaluationEvent } from "../../../shared/api/evaluations.ts";
import type { Connection } from "../../../shared/api/client/connection.ts";
import { followEvaluation, type FollowOptions } from "../../../shared/api/client/evaluations.ts";
import { PlateauError } from "../../../shared/errors.ts";
import type { ProgressState } from "../../../shared/evaluate/progress-plan.ts";

/** It ended without a result. The message has the board's reason. */
export class EvaluationFailedError extends PlateauError {}

/** @throws EvaluationFailedError; what requests throw, once patience is at its end. */
export async function followToEnd(
  connection: Connection,
  { id }: Pick<Evaluation, "id">,
  onProgress: (state: ProgressState) => void,
  options: FollowOptions,
): Promise<void> {
  const clock = new ShareClock();
  for await (const event of followEvaluation(connection, id, options)) {
    if (event.state === "failed") {
      throw new EvaluationFailedError(
        `The evaluation ${id} failed${event.stage ? ` while ${event.stage}` : ""}: ${event.reason ?? "no reason was given"}`,
      );
    }
    onProgress(clock.state(event));
  }
}

/** The time that is left, from how fast the share that is done grows. */
class ShareClock {
  private first: { readonly time: number; readonly share: number } | undefined;

  state({ state, stage, progress }: EvaluationEvent): ProgressState {
    const now = performance.now() / 1000;
    const { share } = progress;
    // What is still to be done shows bit by bit: the share may fall.
    if (!this.first || share < this.first.share) this.first = { time: now, share };
    const { first } = this;
    const gained = share - first.share;
    return {
      stage: stage ?? state,
      fraction: share,
      rate: null,
      secondsLeft: gained > 0.05 ? ((now - first.time) * (1 - share)) / gained : null,
    };
  }
}
