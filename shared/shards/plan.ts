/** Which shards an evaluation consists of, as far as is known. Pure, deterministic, cheap. */
import { wantedFamilies } from "../evaluate/evaluation-plan.ts";
import { planTask, type PlannedPiece, type TaskFacts } from "../probes/plan-pieces.ts";
import type { PieceResults } from "../probes/task-pieces.ts";
import type { Suite } from "../suites/suite.ts";
import { readFitted } from "./fit-payloads.ts";
import { evaluationOptions, shardLimits } from "./job.ts";
import { planMeasuring, prepareOperations } from "./plan-measuring.ts";
import { PREPARE, readPrepared } from "./prepared.ts";
import { STAGE_OF, type JobOptions, type Shard } from "./shard.ts";
import { readCompared, readExtracted } from "./task-payloads.ts";

/**
 * The shards that can run now: all that they rest on is done, and they are not. With nothing done that is the preparing
 * one; where none is left, the evaluation is ready to `finish`. What is planned once stays planned, so that it does no
 * harm to ask while shards are running.
 *
 * @param done payloads by shard id.
 * @throws PayloadError where a payload is not what its shard gives.
 */
export function nextShards(suite: Suite, options: JobOptions, done: ReadonlyMap<string, string>): Shard[] {
  return knownShards(suite, options, done).filter(({ id }) => !done.has(id));
}

/** All shards that can be told from the payloads there are, done or not. */
export function knownShards(suite: Suite, options: JobOptions, done: ReadonlyMap<string, string>): Shard[] {
  const preparing = (parameters?: number) =>
    shardOf(PREPARE, { kind: "prepare" }, prepareOperations(suite, parameters));
  const payload = done.get(PREPARE);
  if (payload === undefined) return [preparing()];
  const prepared = readPrepared(wantedFamilies(evaluationOptions(suite, options)), payload);
  const { planned } = knownPieces(suite, options, prepared.facts, done);
  return [
    preparing(prepared.facts.parameters),
    ...planMeasuring(suite, options, prepared).map(({ id, spec, operations }) => ({
      ...shardOf(id, spec, operations),
      needs: [PREPARE],
    })),
    ...planned.map(({ id, piece, operations }) => shardOf(id, piece, operations)),
  ];
}

/** The pieces of downstream tasks that can be told from the payloads there are, and what those say. */
export function knownPieces(
  suite: Suite,
  options: JobOptions,
  facts: TaskFacts,
  done: ReadonlyMap<string, string>,
): { readonly planned: readonly PlannedPiece[]; readonly results: PieceResults } {
  const extracted = new Map<string, ReturnType<typeof readExtracted>>();
  const fitted = new Map<string, ReturnType<typeof readFitted>>();
  const compared = new Map<string, ReturnType<typeof readCompared>>();
  const results = { extracted, fitted, compared };
  const limits = shardLimits(options);
  for (;;) {
    const planned = new Map(
      suite.tasks.flatMap((_, place) =>
        planTask(suite, place, facts, results, limits).map((piece) => [piece.id, piece] as const),
      ),
    );
    let read = 0;
    // What the payloads of these say may be that there are more of them.
    for (const { id, piece } of planned.values()) {
      const payload = done.get(id);
      if (payload === undefined || Object.values(results).some((known) => known.has(id))) continue;
      if (piece.kind === "extract") extracted.set(id, readExtracted(id, piece, suite, payload));
      else if (piece.kind === "fit") fitted.set(id, readFitted(id, piece, suite, payload));
      else compared.set(id, readCompared(id, piece, suite, payload));
      read++;
    }
    if (read === 0) return { planned: [...planned.values()], results };
  }
}

function shardOf(id: string, spec: Shard["spec"], operations: number): Shard {
  return { id, stage: STAGE_OF[spec.kind], operations: Math.round(operations), needs: [], spec };
}
