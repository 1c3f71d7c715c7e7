/** How the passes of one family of directions are made, and what is asked of them. */
import type { Corpus } from "../corpus/corpus.ts";
import { selectMeasures, type Measure } from "../measures/index.ts";
import type { Family } from "../perturb/families/family.ts";
import { rankOne } from "../perturb/families/rank-one.ts";
import { scaled } from "../perturb/families/scaled.ts";
import { Passes, type PassesOptions } from "../perturb/passes.ts";
import type { TraceName } from "../perturb/step-size.ts";
import type { Subject } from "../perturb/subject.ts";
import type { Runtime } from "../runtime.ts";
import type { EvaluationOptions, FamilyId } from "./evaluation.ts";
import { exactKinds } from "./exact-sums.ts";

export interface FamilySetup {
  readonly family: Family;
  readonly base: PassesOptions;
  /** Makes its sessions when it runs. */
  readonly passes: Passes;
  /** What the measures take from the family; empty where the loss is all that is measured. */
  readonly traces: readonly TraceName[];
  /** Whether forward differences are enough: they are where nothing but Fisher traces is asked of the family. */
  readonly forward: boolean;
  /** Whether any parameter moves. */
  readonly moves: boolean;
}

const FAMILIES: Readonly<Record<FamilyId, Family>> = { "rank-one": rankOne, scaled };

export function familySetup(
  id: FamilyId,
  subject: Subject,
  runtime: Runtime,
  corpus: Corpus,
  options: Pick<EvaluationOptions, "measures" | "seed" | "include">,
): FamilySetup {
  const family = FAMILIES[id];
  const measures = selectMeasures(options.measures);
  const own = measures.filter((measure) => measure.family === family);
  const include = own.length > 0 ? options.include : () => false;
  const base: PassesOptions = {
    subject,
    runtime,
    family,
    objective: corpus.objective,
    examples: corpus.examples,
    seed: options.seed,
    ...(include && { include }),
    exact: exactKinds(own),
  };
  const passes = new Passes(base);
  const traces = own.map(traceName);
  // A row at θ is needed anyway, for the loss; another half a direction is then never cheaper.
  const forward = !passes.shared && traces.length > 0 && traces.every((name) => name === "fisher");
  const moves = passes.participation.some(({ mode }) => mode === "example" || mode === "shared");
  return { family, base, passes, traces, forward, moves };
}

/** Which of the pilot's traces tells about a measure. */
export function traceName(measure: Measure): TraceName {
  if (measure.secondDifference) return "hessian";
  return measure.id.startsWith("empirical") ? "empirical" : "fisher";
}
