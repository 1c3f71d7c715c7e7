/**
 * Whether two machines that ran the same shard gave the same, but for rounding: how a board finds out that a worker
 * forges. Devices differ in the order in which they add up; nothing else may differ. Tolerances come from the rounding
 * that the preparing shard measured, and are calibrated in test/node/agreement.test.ts.
 *
 * Not found is what rounding hides: of a trace about half a percent, of a loss 10⁻⁴ nats, of an accuracy one example in
 * a hundred.
 */
import { wantedFamilies } from "../evaluate/evaluation-plan.ts";
import type { Suite } from "../suites/suite.ts";
import type { ProbeTask } from "../suites/task.ts";
import { compareFeatures } from "./agreement/features.ts";
import { together, type Agreement } from "./agreement/finding.ts";
import { compareFitted } from "./agreement/fitted.ts";
import { compareMeasured } from "./agreement/measured.ts";
import { isCoarse } from "./agreement/precision.ts";
import { comparePrepared } from "./agreement/prepared.ts";
import { compareExtracted, compareScores } from "./agreement/tasks.ts";
import { readFitted } from "./fit-payloads.ts";
import { evaluationOptions } from "./job.ts";
import { readMeasured } from "./measured.ts";
import { familyMeasures } from "./plan-measuring.ts";
import { readPrepared, type Prepared } from "./prepared.ts";
import type { JobOptions, Shard } from "./shard.ts";
import { readCompared, readExtracted } from "./task-payloads.ts";

export type { Agreement } from "./agreement/finding.ts";

/**
 * @param made the payload that is doubted.
 * @param replayed what the same shard gave elsewhere, from the same payloads and blobs.
 * @param prepared payload of the evaluation's preparing shard; not read where that is the shard.
 * @throws PayloadError where a payload is none of the shard's: see `assertPayload`.
 */
export function comparePayloads(
  { id, spec }: Shard,
  made: string,
  replayed: string,
  suite: Suite,
  options: JobOptions,
  prepared: string | undefined,
): Agreement {
  const { measures } = evaluationOptions(suite, options);
  const both = <T>(read: (payload: string) => T): readonly [T, T] => [read(made), read(replayed)];
  const facts = () => preparedOf(suite, options, prepared);
  switch (spec.kind) {
    case "prepare":
      return together(comparePrepared(...both((payload) => preparedOf(suite, options, payload))));
    case "measure": {
      const own = spec.family ? familyMeasures(measures, spec.family) : [];
      const tallies = both((payload) => readMeasured(id, spec, own, suite.corpus, payload));
      return together(compareMeasured(spec, ...tallies, facts()));
    }
    case "extract":
      return together(compareExtracted(...both((payload) => readExtracted(id, spec, suite, payload))));
    case "fit": {
      const { validation, test } = suite.tasks[spec.task] as ProbeTask;
      const sizes = { validation: validation.length, test: test.length };
      return together(compareFitted(...both((payload) => readFitted(id, spec, suite, payload)), sizes));
    }
    case "compare":
      return together(compareScores(...both((payload) => readCompared(id, spec, suite, payload)), facts()));
  }
}

/**
 * What an extracting shard left under the same key, twice.
 *
 * @param prepared as above.
 * @throws PayloadError where that is none.
 */
export function compareBlobs(
  made: Uint8Array,
  replayed: Uint8Array,
  suite: Suite,
  options: JobOptions,
  prepared: string | undefined,
): Agreement {
  return compareFeatures(made, replayed, isCoarse(preparedOf(suite, options, prepared)));
}

function preparedOf(suite: Suite, options: JobOptions, payload: string | undefined): Prepared {
  return readPrepared(wantedFamilies(evaluationOptions(suite, options)), payload);
}
