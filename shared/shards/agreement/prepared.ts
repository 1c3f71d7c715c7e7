/** Whether two runs of the preparing shard found the same: facts are equal, what was measured is alike. */
import type { FamilyPlan } from "../../evaluate/evaluation-plan.ts";
import type { StepQuality, TraceName } from "../../perturb/step-size.ts";
import type { Prepared } from "../prepared.ts";
import { same, type Agreement } from "./finding.ts";

/** Between the steps that two machines choose: powers of two, of which neighbours may both be on the edge. */
const STEP = 2;
/** Between the rounding of two machines. */
const ROUNDING = 4;
/** Of the rounding of an original and of its checks, nats: below that there is nothing to tell. */
const FAINT = 1e-7;
/** Between what a measure was withheld for and the limit, where the other machine did not withhold it. */
const EDGE = 2;
/** Shares of the trace, in percent, from which on a measure is withheld: see step-size.ts. */
const LIMITS = { rounding: 0.2, truncation: 0.5 };

export function comparePrepared(made: Prepared, replayed: Prepared): Agreement[] {
  const facts = [
    ...same("parameters", made.facts, replayed.facts),
    ...same("what moves", made.summary, replayed.summary),
    ...same("how shards are cut", [...made.shapes], [...replayed.shapes]),
  ];
  const families = made.plan.flatMap((plan, i) => compareFamily(plan, replayed.plan[i]!));
  if ([...facts, ...families].every(({ agrees }) => agrees)) {
    const steps = made.plan.map(({ step }, i) => stepsText(step?.epsilon, replayed.plan[i]!.step?.epsilon));
    return [{ agrees: true, detail: `facts of the model alike, ${steps.join(", ")}` }];
  }
  return [...facts, ...families];
}

function stepsText(made: number | undefined, replayed: number | undefined): string {
  if (made === undefined) return "no step needed";
  return made === replayed ? `ε ${made} both times` : `ε ${made}, and ${replayed} when it was run again`;
}

function compareFamily(made: FamilyPlan, replayed: FamilyPlan): Agreement[] {
  const { family } = made;
  const checks = compareRatio(
    `change along the direction of the check (${family})`,
    made.check.change,
    replayed.check.change,
    1.1,
  );
  const [mine, theirs] = [made.step, replayed.step];
  if (!mine || !theirs) return [...checks, ...same(`a step for ${family}`, mine !== null, theirs !== null)];
  const factor = mine.epsilon / theirs.epsilon;
  const findings = [
    ...checks,
    ...compareRatio(`ε of ${family}`, mine.epsilon, theirs.epsilon, STEP),
    // What is squared may differ by the square of the factor.
    ...compareRatio(`rounding of the loss (${family})`, mine.rounding.loss, theirs.rounding.loss, ROUNDING),
    ...compareRatio(
      `rounding of logits (${family})`,
      mine.rounding.logits,
      theirs.rounding.logits,
      ROUNDING ** 2,
    ),
    ...compareRatio(
      `rounding of tokens' losses (${family})`,
      mine.rounding.tokenLoss,
      theirs.rounding.tokenLoss,
      ROUNDING ** 2,
    ),
  ];
  return [
    ...findings,
    ...(Object.keys(mine.quality) as TraceName[]).flatMap((name) =>
      compareQuality(`${name} (${family})`, mine.quality[name], theirs.quality[name], factor),
    ),
  ];
}

/** @param factor of the steps: rounding goes with ε⁻², truncation with ε². */
function compareQuality(what: string, made: StepQuality, replayed: StepQuality, factor: number): Agreement[] {
  const rounding = replayed.roundingError / factor ** 2;
  const bias = replayed.stepBias * factor ** 2;
  const biasError = Math.max(made.stepBiasError, replayed.stepBiasError * factor ** 2);
  const tolerance = 5 * biasError + 5 * Math.max(made.roundingError, rounding) + 0.25 * Math.abs(bias);
  const apart = Math.abs(made.stepBias - bias);
  return [
    ...compareRatio(`rounding of ${what}`, made.roundingError, rounding, ROUNDING ** 2),
    // What is not finite on either machine is null on both.
    ...(apart > tolerance
      ? [{ agrees: false, detail: `step bias of ${what}: ${made.stepBias}, expected about ${bias}` }]
      : []),
    ...compareReasons(what, made, replayed, factor),
  ];
}

/** A measure may be withheld on one machine only where it is on the edge of that. */
function compareReasons(
  what: string,
  { reason: made }: StepQuality,
  { reason: replayed }: StepQuality,
  factor: number,
): Agreement[] {
  if ((made === null) === (replayed === null)) return [];
  if (factor !== 1 || onTheEdge(made ?? replayed!)) return [];
  return same(`why there is no ${what}`, made, replayed);
}

function onTheEdge(reason: string): boolean {
  const found = /(rounding|truncation) is ([\d.e+-]+) %/.exec(reason);
  if (!found) return false;
  return Number(found[2]) <= EDGE * LIMITS[found[1] as keyof typeof LIMITS];
}

function compareRatio(what: string, made: number, replayed: number, most: number): Agreement[] {
  if (Object.is(made, replayed) || (Math.abs(made) < FAINT ** 2 && Math.abs(replayed) < FAINT ** 2))
    return [];
  const ratio = Math.abs(made / replayed);
  if (ratio <= most && ratio >= 1 / most) return [];
  return [{ agrees: false, detail: `${what}: ${made}, and ${replayed} when it was run again` }];
}
