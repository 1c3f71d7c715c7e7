/** From the payloads of all shards to the result: the same as an evaluation in one process gives. */
import { buildResult, type FileIdentity, type Provenance as Origin } from "../evaluate/build-result.ts";
import { wantedFamilies } from "../evaluate/evaluation-plan.ts";
import type { FamilyId } from "../evaluate/evaluation.ts";
import type { Result } from "../evaluate/result-schema.ts";
import { measureResults } from "../evaluate/result.ts";
import { mergeTallies, type Tally } from "../evaluate/tally.ts";
import { selectMeasures } from "../measures/index.ts";
import { mergeTasks } from "../probes/merge-pieces.ts";
import type { Suite } from "../suites/suite.ts";
import { evaluationOptions, shardLimits } from "./job.ts";
import { readMeasured } from "./measured.ts";
import { familyMeasures, planMeasuring } from "./plan-measuring.ts";
import { knownPieces, nextShards } from "./plan.ts";
import { PayloadError } from "./payload.ts";
import { PREPARE, readPrepared } from "./prepared.ts";
import type { JobOptions } from "./shard.ts";

/** What a receipt says beside the numbers. */
export interface Provenance extends Omit<Origin, "model"> {
  readonly model: FileIdentity & { readonly externalData?: readonly FileIdentity[] };
}

/** @throws PayloadError where a payload is missing, or not what its shard gives. */
export function finish(
  suite: Suite,
  options: JobOptions,
  payloads: ReadonlyMap<string, string>,
  provenance: Provenance,
): Result {
  const missing = nextShards(suite, options, payloads);
  if (missing.length > 0) {
    throw new PayloadError(`${missing.length} shards are not done yet, such as ${missing[0]!.id}.`);
  }
  const { corpus, definition } = suite;
  const own = evaluationOptions(suite, options);
  const prepared = readPrepared(wantedFamilies(own), payloads.get(PREPARE));
  const { plan, summary, facts } = prepared;
  const tallies = new Map<FamilyId, Tally>();
  const measuring = planMeasuring(suite, options, prepared);
  for (const { family } of plan) {
    const ids = familyMeasures(own.measures, family);
    const shards = measuring.filter(({ spec }) => (spec.family ?? family) === family);
    tallies.set(
      family,
      mergeTallies(shards.map(({ id, spec }) => readMeasured(id, spec, ids, corpus, payloads.get(id)))),
    );
  }
  const measures = selectMeasures(own.measures);
  const families = new Map(plan.map(({ family, check, step }) => [family, { check, step }]));
  const { results } = knownPieces(suite, options, facts, payloads);
  return buildResult({
    ...provenance,
    model: { ...provenance.model, externalData: provenance.model.externalData ?? [] },
    corpus,
    suite: definition.id,
    options: own,
    filters: { include: [], exclude: [] },
    evaluated: {
      ...{ measures, families, summary, tallies },
      results: measureResults({ corpus, measures, families }, tallies),
    },
    tasks: mergeTasks({ suite, facts, limits: shardLimits(options), results }),
  });
}
