/**
 * A coefficient as a function of how often each run counts: what resampling and leaving out runs need.
 *
 * The coefficient when run r is present `weights[r]` times, or null where it is then undefined.
 * All ones: the coefficient of the data as they are.
 */
export type RunStatistic = (weights: readonly number[]) => number | null;
