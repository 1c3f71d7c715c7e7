/** The measuring shards of an evaluation: blocks of examples with all their directions, sized by arithmetic. */
import { BLOCK, type FamilyId } from "../evaluate/evaluation.ts";
import { PIECE_EXAMPLES } from "../evaluate/evaluate.ts";
import { selectMeasures } from "../measures/index.ts";
import { cut } from "../probes/ranges.ts";
import type { Suite } from "../suites/suite.ts";
import { evaluationOptions, shardLimits } from "./job.ts";
import { bytesPerExample } from "./measured.ts";
import type { Prepared } from "./prepared.ts";
import type { MeasureSpec } from "./shard-spec.ts";
import type { JobOptions } from "./shard.ts";

/** Bytes of a payload that the numbers of examples may take. */
const MOST_BYTES = 60_000;

/** Rows that the pilot and the checks take, about: 256 pairs at six steps, and 64 directions of each exact parameter. */
const PREPARING_ROWS = 3200;
/** Parameters of a model that nothing is known of yet. */
const UNKNOWN_PARAMETERS = 1e5;

export interface PlannedMeasuring {
  readonly id: string;
  readonly spec: MeasureSpec;
  readonly operations: number;
}

export function planMeasuring(suite: Suite, options: JobOptions, prepared: Prepared): PlannedMeasuring[] {
  const { measures, directions } = evaluationOptions(suite, options);
  const { operations } = shardLimits(options);
  const examples = suite.corpus.examples.length;
  return prepared.plan.flatMap(({ family, step }, place) => {
    const shape = prepared.shapes.get(family)!;
    const own = familyMeasures(measures, family);
    // The first family's shards tell the excess loss for all.
    const excess =
      place === 0 && selectMeasures(measures).some(({ forward }) => forward === "excess") ? 1 : 0;
    const rows = 1 + excess + (step ? shape.rows * directions : 0);
    const each = rows * forwardOperations(suite, prepared.facts.parameters);
    const bytes = bytesPerExample(own.length, shape.exactKinds);
    const size = blockSize(Math.min(operations / each, MOST_BYTES / bytes), shape.unitSize);
    return cut(examples, size).map(({ first, count }) => ({
      id: `measure/${own.length > 0 ? family : "loss"}/${first}`,
      spec: { kind: "measure", family: own.length > 0 ? family : null, first, count },
      operations: count * each,
    }));
  });
}

/** Ids of the measures that the family's directions give. */
export function familyMeasures(measures: readonly string[], family: FamilyId): string[] {
  return selectMeasures(measures)
    .filter((measure) => measure.family?.id === family)
    .map(({ id }) => id);
}

/** Of the preparing shard, which finds out how large the model is. */
export function prepareOperations(suite: Suite, parameters = UNKNOWN_PARAMETERS): number {
  return PREPARING_ROWS * forwardOperations(suite, parameters);
}

/** Of a forward pass over an example of mean length. */
function forwardOperations({ corpus: { examples } }: Suite, parameters: number): number {
  const tokens = examples.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
  return Math.max(1, (2 * parameters * tokens) / examples.length);
}

/**
 * Examples of a shard, at least one: as many whole pieces of an evaluation in one process as there is room for, whose
 * passes are then the same to the last bit; else an even part of a piece. Blocks that share directions are never cut.
 */
function blockSize(most: number, unitSize: number): number {
  const least = unitSize > 1 ? BLOCK : 1;
  if (most >= PIECE_EXAMPLES) return Math.floor(most / PIECE_EXAMPLES) * PIECE_EXAMPLES;
  return Math.max(least, 2 ** Math.floor(Math.log2(Math.max(1, most))));
}
