/** A measuring shard: examples with all their directions. */
import { Evaluation, type Piece } from "../evaluate/evaluation.ts";
import { PIECE_EXAMPLES } from "../evaluate/evaluate.ts";
import { wantedFamilies } from "../evaluate/evaluation-plan.ts";
import { mergeTallies, type Tally } from "../evaluate/tally.ts";
import { selectMeasures } from "../measures/index.ts";
import type { Graph } from "../onnx/graph.ts";
import { prepareSubject } from "../perturb/subject.ts";
import { cut, type Range } from "../probes/ranges.ts";
import { suiteConditionals } from "../suites/conditionals.ts";
import type { Suite } from "../suites/suite.ts";
import { evaluationOptions } from "./job.ts";
import { writeMeasured } from "./measured.ts";
import { PREPARE, readPrepared } from "./prepared.ts";
import type { ShardContext } from "./run-shard.ts";
import type { MeasureSpec } from "./shard-spec.ts";

export async function runMeasuring(
  id: string,
  spec: MeasureSpec,
  { suite, runtime, options: job, payloads }: ShardContext,
  model: Graph,
): Promise<string> {
  const options = evaluationOptions(suite, job);
  const { plan } = readPrepared(wantedFamilies(options), payloads.get(PREPARE));
  const subject = await prepareSubject(model, runtime, suite.corpus);
  const corpus = withConditionals(suite, options.measures, spec);
  const evaluation = new Evaluation(subject, runtime, corpus, options, plan);
  const family = evaluation.families.get(spec.family ?? plan[0]!.family)!;
  const pieces = cut(spec.count, PIECE_EXAMPLES).map(({ first, count }): Piece => ({
    family: spec.family,
    firstExample: spec.first + first,
    examples: count,
    firstDirection: 0,
    directions: family.step ? options.directions : 0,
  }));
  try {
    const tallies: Tally[] = [];
    for (const piece of pieces) tallies.push(await evaluation.tallyPasses(piece));
    // The excess loss has a session of its own; two of a large model at once would not fit.
    await family.passes.dispose();
    for (const [i, piece] of pieces.entries()) {
      tallies[i] = { ...tallies[i]!, excess: await evaluation.excess(piece) };
    }
    return writeMeasured(id, mergeTallies(tallies));
  } finally {
    await evaluation.dispose();
  }
}

/** The suite's corpus with what its language says of the examples asked for, where that is to be measured. */
function withConditionals(suite: Suite, measures: readonly string[], range: Range): Suite["corpus"] {
  if (!selectMeasures(measures).some(({ forward }) => forward === "excess")) return suite.corpus;
  const conditionals = suiteConditionals(suite, range);
  return { ...suite.corpus, ...(conditionals && { conditionals }) };
}
