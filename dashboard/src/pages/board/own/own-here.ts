/** Results of the visitor's own, as they lie over a view. */
import type { BoardData } from "../../../board/board-data.ts";
import type { LossWindow } from "../../../board/loss-window.ts";
import { ownNumber, type OwnResult } from "../../../board/own-result.ts";

export interface OwnHere {
  readonly own: OwnResult;
  /** Whether its loss lies outside of the window, so that it is not to be compared with what is shown. */
  readonly apart: boolean;
}

const NONE: readonly OwnHere[] = [];

/** @returns the same nothing again and again where there is nothing, so that a window that moves changes nothing. */
export function ownHere(
  results: readonly OwnResult[],
  { loss }: Pick<BoardData, "loss">,
  window: LossWindow | null,
): readonly OwnHere[] {
  if (results.length === 0) return NONE;
  return results.map((own) => {
    const { value } = ownNumber(own, loss);
    return { own, apart: window !== null && !(value >= window.low && value <= window.high) };
  });
}
