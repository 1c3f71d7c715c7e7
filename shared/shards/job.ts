/** What a suite and the options of a job come to. */
import { selectMeasures, type Measure } from "../measures/index.ts";
import type { EvaluationOptions } from "../evaluate/evaluation.ts";
import type { PieceLimits } from "../probes/plan-pieces.ts";
import type { Suite } from "../suites/suite.ts";
import type { JobOptions } from "./shard.ts";

/** About ten seconds of WebAssembly. */
const SHARD_OPERATIONS = 1e11;

/** Of shards. */
export function shardLimits({ operations = SHARD_OPERATIONS }: JobOptions): PieceLimits {
  return { operations };
}

/** @throws UnknownMeasureError */
export function evaluationOptions({ definition }: Suite, options: JobOptions): EvaluationOptions {
  const { seed, batch, epsilon } = options;
  return {
    measures: measuresOf(definition, options).map(({ id }) => id),
    directions: options.directions ?? definition.directions,
    seed,
    batch,
    ...(epsilon && { epsilon }),
  };
}

function measuresOf({ measures }: Suite["definition"], options: JobOptions): Measure[] {
  return selectMeasures(options.measures ?? measures);
}

/** Rows of a pass over sentences, at most: as many as one of pairs has, which are run at θ + εv and θ − εv. */
export function sentencesPerPass({ batch }: Pick<JobOptions, "batch">): number {
  return 2 * batch;
}
