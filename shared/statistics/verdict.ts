import type { Coefficient } from "./coefficient.ts";

/** Does one measure predict the other in the direction expected? */
export type Verdict = "predicts" | "reversed" | "undecided";

export interface Judgement {
  readonly verdict: Verdict;
  /** In words, what decided it. */
  readonly reason: string;
}

const LEVEL = 0.05;

/**
 * Says plainly when there is no evidence: a direction is claimed only where the p-value is at most 5 % and the interval
 * does not cover 0.
 *
 * @param expected sign of the correlation if the measure predicts: `negative` for curvature and accuracy
 * @param adjustedPValue the p-value after adjustment for all associations looked at (`holm`), in place of the
 * coefficient's own
 */
export function judge(
  coefficient: Coefficient,
  expected: "positive" | "negative",
  adjustedPValue: number | null = coefficient.pValue,
): Judgement {
  const { value, interval, reason } = coefficient;
  if (value === null) return { verdict: "undecided", reason: `undefined: ${reason}` };
  if (interval !== null && interval[0] <= 0 && interval[1] >= 0)
    return { verdict: "undecided", reason: "the 95 % interval covers 0" };
  if (adjustedPValue === null) return { verdict: "undecided", reason: reason ?? "there is no p-value" };
  if (adjustedPValue > LEVEL)
    return { verdict: "undecided", reason: `p = ${adjustedPValue.toPrecision(2)}, above ${LEVEL}` };
  const asExpected = value > 0 === (expected === "positive");
  return {
    verdict: asExpected ? "predicts" : "reversed",
    reason: `the correlation is ${value > 0 ? "positive" : "negative"}, p = ${adjustedPValue.toPrecision(2)}`,
  };
}
