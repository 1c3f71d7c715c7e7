import { PlateauError } from "../errors.ts";

/** Values that no statistic can be computed from: of unequal number, not finite, or labelled inconsistently. */
export class StatisticsInputError extends PlateauError {}

/** Throws unless every list has as many entries as `x` and every value is a finite number. */
export function requireFinite(lists: Readonly<Record<string, readonly number[]>>): void {
  const [[firstName, first] = ["", []]] = Object.entries(lists);
  for (const [name, values] of Object.entries(lists)) {
    requireLength(name, values.length, first.length, firstName);
    values.forEach((value, i) => {
      if (!Number.isFinite(value))
        throw new StatisticsInputError(
          `${name}[${i}] is ${value}, expected a finite number; leave out what is undefined.`,
        );
    });
  }
}

/** Throws unless `name` has as many entries as `other`, entry for entry. */
export function requireLength(name: string, found: number, expected: number, other: string): void {
  if (found !== expected)
    throw new StatisticsInputError(
      `${name} has ${found} entries and ${other} ${expected}; align them one to one.`,
    );
}
