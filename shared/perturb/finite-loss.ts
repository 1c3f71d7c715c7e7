import { PlateauError } from "../errors.ts";

/** The loss of an example is not a finite number, so nothing can be said of its curvature. */
export class NonFiniteLossError extends PlateauError {}

/** Throws NonFiniteLossError on the first loss that is not finite; the first of them is that of example `first`. */
export function assertFinite(losses: readonly number[], first = 0): void {
  const i = losses.findIndex((loss) => !Number.isFinite(loss));
  if (i < 0) return;
  throw new NonFiniteLossError(
    `The loss of example ${first + i + 1} is ${losses[i]}. ` +
      "Check that all weights are finite, and that the export runs in the precision it was trained in.",
  );
}
