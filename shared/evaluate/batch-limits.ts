/** How much one pass of an evaluation holds. */
import type { Subject } from "../perturb/subject.ts";
import type { BatchLimits } from "./batches.ts";
import type { EvaluationOptions } from "./evaluation.ts";

/** Tokens of a pass: enough to keep kernels busy, few enough for the activations of a wide model. */
const TOKENS_PER_PASS = 4096;

/** Of central differences: two rows a pair. */
export function batchLimits(
  { inputs, oneByOne }: Subject,
  { batch }: Pick<EvaluationOptions, "batch">,
): BatchLimits {
  return { pairs: batch, tokens: TOKENS_PER_PASS / 2, padding: inputs.takesMask || oneByOne };
}

/** Of forward differences: passes with as many rows as those of central ones. */
export function forwardLimits(
  subject: Subject,
  options: Pick<EvaluationOptions, "batch" | "directions">,
): BatchLimits {
  const { pairs, tokens, padding } = batchLimits(subject, options);
  const share = (2 * options.directions) / (options.directions + 1);
  return { pairs: Math.max(1, Math.floor(pairs * share)), tokens: Math.floor(tokens * share), padding };
}
