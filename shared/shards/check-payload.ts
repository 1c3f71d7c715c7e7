/** Whether a payload is what its shard gives: it may come from a stranger, and is stored before it is read. */
import { wantedFamilies } from "../evaluate/evaluation-plan.ts";
import type { Suite } from "../suites/suite.ts";
import { readFitted } from "./fit-payloads.ts";
import { evaluationOptions } from "./job.ts";
import { readMeasured } from "./measured.ts";
import { familyMeasures } from "./plan-measuring.ts";
import { readPrepared } from "./prepared.ts";
import type { JobOptions, Shard } from "./shard.ts";
import { readCompared, readExtracted } from "./task-payloads.ts";

/** @throws PayloadError with what is wrong. Whether the numbers are right only running the shard again can tell. */
export function assertPayload({ id, spec }: Shard, payload: string, suite: Suite, options: JobOptions): void {
  const { measures } = evaluationOptions(suite, options);
  switch (spec.kind) {
    case "prepare":
      readPrepared(wantedFamilies({ measures }), payload);
      return;
    case "measure":
      readMeasured(id, spec, spec.family ? familyMeasures(measures, spec.family) : [], suite.corpus, payload);
      return;
    case "extract":
      readExtracted(id, spec, suite, payload);
      return;
    case "fit":
      readFitted(id, spec, suite, payload);
      return;
    case "compare":
      readCompared(id, spec, suite, payload);
  }
}
