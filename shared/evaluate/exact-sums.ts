/** What is known of the output head without directions, from passes at θ to sums by example. */
import type { Measure } from "../measures/index.ts";
import type { ExactKind, ExactOutput } from "../perturb/exact-head.ts";
import type { ExactSums, Tally } from "./tally.ts";

/** The kinds of exact traces that the measures of a family use; none where one of them needs every parameter to move. */
export function exactKinds(measures: readonly Measure[]): ExactKind[] {
  const kinds = new Set(measures.map(({ exact }) => exact));
  return kinds.has(null) ? [] : ([...kinds] as ExactKind[]);
}

/** @param still what every example gave at θ. */
export function exactSums(
  outputs: readonly ExactOutput[],
  still: readonly { readonly exact: readonly number[] }[],
): Tally["exact"] {
  const kinds = Map.groupBy(outputs, ({ kind }) => kind);
  return Object.fromEntries(
    [...kinds].map(([kind, group]) => {
      const places = group.map((output) => outputs.indexOf(output));
      const totals = group.map(({ parameter }, i) => [
        parameter,
        still.reduce((sum, { exact }) => sum + exact[places[i]!]!, 0),
      ]);
      return [
        kind,
        {
          sum: still.map(({ exact }) => places.reduce((sum, place) => sum + exact[place]!, 0)),
          byParameter: Object.fromEntries(totals) as Record<number, number>,
        },
      ];
    }),
  );
}

/** The exact part of a measure; undefined where it has none. */
export function exactOf({ exact }: Tally, measure: Measure): ExactSums | undefined {
  return measure.exact === null ? undefined : exact[measure.exact];
}
