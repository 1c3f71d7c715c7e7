/** The preparing shard: inspects the model, checks what is made of it, and chooses ε. */
import { Evaluation } from "../evaluate/evaluation.ts";
import { planEvaluation } from "../evaluate/evaluation-plan.ts";
import { perturbationSummary } from "../evaluate/result.ts";
import { assertLooksUp, assertVocabulary } from "../evaluate/vocabulary-check.ts";
import { UnsupportedModelError } from "../onnx/error.ts";
import type { Graph } from "../onnx/graph.ts";
import { prepareSubject } from "../perturb/subject.ts";
import { factsOf } from "../probes/run-tasks.ts";
import { knownTokens } from "../probes/sentences.ts";
import { evaluationOptions } from "./job.ts";
import { MOST_LAYERS, writePrepared, type FamilyShape } from "./prepared.ts";
import type { ShardContext } from "./run-shard.ts";

export async function runPreparing(
  { suite, runtime, options: job }: ShardContext,
  model: Graph,
): Promise<string> {
  const { corpus, definition } = suite;
  assertLooksUp(model, definition);
  const subject = await prepareSubject(model, runtime, corpus);
  assertVocabulary(knownTokens(subject), definition);
  const facts = factsOf(subject);
  if (facts.layers.length > MOST_LAYERS) {
    throw new UnsupportedModelError(
      `The graph shows ${facts.layers.length} layers; at most ${MOST_LAYERS} can be probed.`,
    );
  }
  const options = evaluationOptions(suite, job);
  const plan = await planEvaluation(model, subject, runtime, corpus, options);
  // Makes no session: it tells how shards are to be cut, and what moves.
  const evaluation = new Evaluation(subject, runtime, corpus, options, plan);
  const shapes = [...evaluation.families].map(
    ([family, { passes, forward }]): [typeof family, FamilyShape] => [
      family,
      {
        rows: forward ? 1 : 2,
        unitSize: evaluation.unitSize(family),
        exactKinds: new Set(passes.exact.map(({ kind }) => kind)).size,
      },
    ],
  );
  return writePrepared({ plan, shapes: new Map(shapes), summary: perturbationSummary(evaluation), facts });
}
