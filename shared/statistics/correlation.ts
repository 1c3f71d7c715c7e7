/** What a correlation coefficient gives, and when it gives nothing. */

/** A value in [−1, 1], or null with the reason. */
export type Correlation =
  { readonly value: number; readonly reason: null } | { readonly value: null; readonly reason: string };

/** With two values every correlation is ±1. */
const FEWEST_VALUES = 3;

export function undefinedCorrelation(reason: string): Correlation {
  return { value: null, reason };
}

/** Rounding may carry a perfect correlation past 1 by a last digit. */
export function definedCorrelation(value: number): Correlation {
  return { value: Math.max(-1, Math.min(1, value)), reason: null };
}

/** Why lists of equal length have no correlation, or null where they have one. */
export function whyUndefined(lists: Readonly<Record<string, readonly number[]>>): string | null {
  for (const [name, values] of Object.entries(lists)) {
    if (values.length < FEWEST_VALUES)
      return `only ${values.length} values, a correlation needs at least ${FEWEST_VALUES}`;
    if (values.every((value) => value === values[0])) return `${name} is constant`;
  }
  return null;
}
