/** Where losses stand on the strip of the loss window. */
import { niceStep } from "./axis.ts";
import { DEFAULT_WIDTH } from "./loss-window.ts";

export interface LossScale {
  readonly range: readonly [least: number, most: number];
  /** From 0 at the least to 1 at the most. */
  readonly position: (loss: number) => number;
  readonly loss: (position: number) => number;
  readonly ticks: readonly number[];
}

/** Ranges of more windows than these are shown by the logarithm of the distance from the least loss. */
const MOST_LINEAR = 12;

/**
 * Linear where the window is a good part of the range. On wider ranges, of boards that hold early checkpoints too, a window
 * near the least loss would be too narrow to be seen, and that is where windows are of interest.
 */
export function lossScale([least, most]: readonly [least: number, most: number]): LossScale {
  const margin = Math.max(DEFAULT_WIDTH / 2, (most - least) * 0.03);
  const range = [least - margin, most + margin] as const;
  const size = range[1] - range[0];
  if (size <= MOST_LINEAR * DEFAULT_WIDTH) {
    const step = niceStep(size / 8);
    const first = Math.ceil(range[0] / step);
    const count = Math.floor(range[1] / step + 1e-9) - first + 1;
    return {
      range,
      position: (loss) => (loss - range[0]) / size,
      loss: (position) => range[0] + position * size,
      ticks: Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(6))),
    };
  }
  const from = least - DEFAULT_WIDTH;
  const unit = DEFAULT_WIDTH;
  const scaled = (loss: number) => Math.log1p(Math.max(0, loss - from) / unit);
  const end = scaled(most + DEFAULT_WIDTH);
  // Round numbers, each about three times as far from the least loss as the one before.
  const ticks = [1, 3, 10, 30, 100, 300, 1000, 3000].map((windows) => {
    const step = niceStep((windows * unit) / 2);
    return Number((Math.round((least + windows * unit) / step) * step).toPrecision(6));
  });
  return {
    range: [from, from + unit * Math.expm1(end)],
    position: (loss) => scaled(loss) / end,
    loss: (position) => from + unit * Math.expm1(position * end),
    ticks: [...new Set(ticks)].filter((tick) => tick >= least && tick <= most),
  };
}
