/** Whether a device gives the numbers of another one, on a few examples. */
import type { MeasureResults } from "../../../shared/evaluate/result.ts";
import { MEASURES } from "../../../shared/measures/index.ts";

export interface MeasureAgreement {
  readonly label: string;
  /** On the processor, and on the device that is checked; null where one is undefined. */
  readonly values: readonly [reference: number | null, checked: number | null];
  /** Relative to the reference; null where one is undefined. */
  readonly difference: number | null;
  /** What other kernels and orders of summation may make. */
  readonly allowed: number;
  readonly agrees: boolean;
}

export interface Agreement {
  readonly examples: number;
  readonly agrees: boolean;
  /** Why nothing could be compared: the device cannot even run it as it should; null where it can. */
  readonly failure: string | null;
  readonly measures: readonly MeasureAgreement[];
}

/** As much as results from two machines may differ by. */
export const ALLOWED = { loss: 1e-5, firstDifference: 1e-4, secondDifference: 3e-3 } as const;

export function agreementOf(examples: number, reference: MeasureResults, checked: MeasureResults): Agreement {
  const measures = MEASURES.flatMap((measure): MeasureAgreement[] => {
    const [a, b] = [reference[measure.id], checked[measure.id]];
    if (!a || !b) return [];
    const allowed = !measure.family
      ? ALLOWED.loss
      : measure.secondDifference
        ? ALLOWED.secondDifference
        : ALLOWED.firstDifference;
    const { label } = measure;
    if (a.value === null || b.value === null) {
      const agrees = a.value === b.value;
      return [{ label, values: [a.value, b.value], difference: null, allowed, agrees }];
    }
    const gap = Math.abs(b.value - a.value);
    const difference = gap / Math.abs(a.value);
    // Excess loss near its least, and Hessian traces near zero, are small differences of large numbers.
    const noise = Math.max(
      measure.forward === "excess" ? ALLOWED.loss : 0,
      4 * Math.max(a.roundingError ?? 0, b.roundingError ?? 0),
    );
    const agrees = gap <= Math.max(noise, allowed * Math.abs(a.value));
    return [{ label, values: [a.value, b.value], difference, allowed, agrees }];
  });
  return { examples, measures, agrees: measures.every(({ agrees }) => agrees), failure: null };
}
