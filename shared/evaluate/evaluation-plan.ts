/** What preparing an evaluation finds out: checked rewritings, and ε. Enough for others to go on without it. */
import type { Corpus } from "../corpus/corpus.ts";
import { selectMeasures } from "../measures/index.ts";
import type { Graph } from "../onnx/graph.ts";
import { selfCheck, type SelfCheck } from "../perturb/self-check.ts";
import type { StepChoice } from "../perturb/step-size.ts";
import type { Subject } from "../perturb/subject.ts";
import type { Runtime } from "../runtime.ts";
import { batchLimits, forwardLimits } from "./batch-limits.ts";
import type { EvaluationHooks, EvaluationOptions, FamilyId } from "./evaluation.ts";
import { familySetup } from "./family-setup.ts";
import { runPilot } from "./pilot.ts";

export interface FamilyPlan {
  readonly family: FamilyId;
  readonly check: SelfCheck;
  /** Null where nothing moves: only the loss is measured, or all that was selected is exact. */
  readonly step: StepChoice | null;
}

/** The families of the measures, or the one whose passes give the loss where there is none, in the order of the measures. */
export type EvaluationPlan = readonly FamilyPlan[];

/**
 * Checks every rewriting of the model against moved weights, and chooses ε.
 *
 * @throws SelfCheckError, NonFiniteLossError
 */
export async function planEvaluation(
  original: Graph,
  subject: Subject,
  runtime: Runtime,
  corpus: Corpus,
  options: EvaluationOptions,
  hooks: EvaluationHooks = {},
): Promise<EvaluationPlan> {
  const plan: FamilyPlan[] = [];
  for (const id of wantedFamilies(options)) {
    const setup = familySetup(id, subject, runtime, corpus, options);
    hooks.onStage?.("checking");
    await hooks.beforePass?.(0);
    const check = await selfCheck({ ...setup.base, original });
    const { passes, traces, forward, moves } = setup;
    if (traces.length === 0 || !moves) {
      plan.push({ family: id, check, step: null });
      continue;
    }
    hooks.onStage?.("choosing ε");
    const epsilon = options.epsilon?.[id];
    try {
      const step = await runPilot({
        passes,
        corpus,
        examples: corpus.examples,
        limits: forward ? forwardLimits(subject, options) : batchLimits(subject, options),
        directions: options.directions,
        wanted: traces,
        forward,
        ...(hooks.beforePass && { beforePass: hooks.beforePass }),
        ...(epsilon !== undefined && { epsilon, chosenEarlier: options.epsilonChosen ?? false }),
      });
      plan.push({ family: id, check, step });
    } finally {
      await passes.dispose();
    }
  }
  return plan;
}

/** Families of the measures; the loss alone is taken from passes of the first one. */
export function wantedFamilies({ measures }: Pick<EvaluationOptions, "measures">): FamilyId[] {
  const wanted = new Set(selectMeasures(measures).flatMap(({ family }) => (family ? [family.id] : [])));
  return wanted.size > 0 ? [...wanted] : ["rank-one"];
}
