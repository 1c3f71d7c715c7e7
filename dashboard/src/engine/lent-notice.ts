/** Who evaluates a model on a board, told before anything is sent. */
import { LARGEST_EDGE_MODEL } from "../../../shared/api/edge-limits.ts";

/** What to know of a model that is too large for the edge; null where the board evaluates it by itself. */
export function lentNotice(bytes: number): string | null {
  if (bytes <= LARGEST_EDGE_MODEL) return null;
  const megabytes = (size: number) => `${Math.round(size / 1e6)} MB`;
  return (
    `The model has ${megabytes(bytes)}, more than the ${megabytes(LARGEST_EDGE_MODEL)} that the board evaluates by itself: ` +
    "machines that people lend evaluate it, and get its weights for that, as soon as one is there that has time."
  );
}
