/** Acceptance of an estimate against an exact answer. */
import { expect } from "vitest";
import type { MeasureResult, MeasureResults } from "../../shared/evaluate/result.ts";

/** The measure, which must be defined. */
export function defined(measures: MeasureResults, id: string): MeasureResult {
  const result = measures[id];
  if (!result || result.value === null)
    throw new Error(`${id} is undefined: ${result?.reason ?? "not measured"}`);
  return result as MeasureResult;
}

/** Within `sigmas` of all errors that the result itself declares. */
export function expectWithinErrors(result: MeasureResult, exact: number, sigmas = 3): void {
  const { directionError, stepBias = 0, roundingError = 0 } = result;
  const error = Math.hypot(directionError ?? 0, stepBias, roundingError);
  expect(
    Math.abs(result.value - exact),
    `${result.value} against exact ${exact}, error ${error}`,
  ).toBeLessThan(sigmas * error);
}
