/** Measures of one result, a line each. */
import type { PublishedSuite } from "../../../../shared/api/suites.ts";
import type { Result } from "../../../../shared/evaluate/result-schema.ts";
import { measured, percent, significant, stepText } from "../../../../shared/numbers.ts";
import { UNDEFINED } from "../../board/cell-text.ts";

export interface MeasureRow {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly unit: string;
  /** Null where it is undefined. */
  readonly value: string | null;
  /** Empty where there is none. */
  readonly error: string;
  /** Why it is undefined; empty where it is not. */
  readonly reason: string;
  /** Null for what is not a trace. */
  readonly trace: TraceDetails | null;
}

export interface TraceDetails {
  readonly directionError: string;
  readonly rounding: string;
  readonly stepBias: string;
  readonly largestShare: string;
  readonly directions: string;
  readonly epsilon: string;
}

/** In the order of the suite; what the result has besides comes last. */
export function measureRows({ measures }: Pick<Result, "measures">, suite: Described): MeasureRow[] {
  const known = suite.measures.filter(({ id }) => id in measures);
  const others = Object.keys(measures).filter((id) => !known.some((each) => each.id === id));
  const described = [...known, ...others.map((id) => ({ id, label: id, description: "", unit: "" }))];
  return described.map(({ id, label, description, unit }): MeasureRow => {
    const found = measures[id]!;
    const head = { id, label, description, unit };
    if (found.value === null) return { ...head, value: null, error: "", reason: found.reason, trace: null };
    const [value, error] = measured(found.value, found.standardError);
    return { ...head, unit: found.unit, value, error, reason: "", trace: traceDetails(found) };
  });
}

type Described = Pick<PublishedSuite, "measures">;
type Defined = Extract<Result["measures"][string], { value: number }>;

function traceDetails(measure: Defined): TraceDetails | null {
  const { directionError, roundingError, stepBias, largestShare, directions, epsilon } = measure;
  if (directions === undefined && largestShare === undefined) return null;
  const number = (value: number | null | undefined) =>
    value === null || value === undefined ? UNDEFINED : significant(value, 2);
  return {
    directionError: number(directionError),
    rounding: number(roundingError),
    stepBias: number(stepBias),
    largestShare: largestShare === undefined ? UNDEFINED : percent(largestShare),
    directions: directions === undefined ? UNDEFINED : String(directions),
    epsilon: epsilon === undefined ? "none: all is exact" : stepText(epsilon),
  };
}
