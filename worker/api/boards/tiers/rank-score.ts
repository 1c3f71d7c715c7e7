/** Tiers of one score: as `rankIntoTiers` has them, but piece by piece, and not without end. */
import type { TierMethod } from "../../../../shared/api/boards.ts";
import {
  compareUnpaired,
  pairedComparison,
  peelTiers,
  type ExampleDesign,
} from "../../../../shared/statistics/index.ts";

/** Nobody reads on after these, and boards whose every row has a tier of its own would cost rows² comparisons. */
export const MOST_TIERS = 100;

export interface RankedRow {
  readonly checkpoint: string;
  readonly value: number;
  readonly standardError: number | null;
  /** [examples]; null where there is none. The value is then Σ vector / Σ weights. */
  readonly vector: Float32Array | null;
}

export interface ScoreTiers {
  /** By checkpoint, from 1 on; those beyond the last tier have none. */
  readonly tierOf: ReadonlyMap<string, number>;
  readonly method: TierMethod;
}

/**
 * @param pause called after each tier, whose comparisons take some milliseconds a thousand rows.
 * @param length of the vectors.
 */
export async function rankScore(
  rows: readonly RankedRow[],
  better: "higher" | "lower",
  { length, design }: { readonly length: number; readonly design: ExampleDesign },
  pause: () => Promise<void>,
): Promise<ScoreTiers> {
  const sign = better === "higher" ? -1 : 1;
  const ranked = [...rows].sort((a, b) => sign * (a.value - b.value));
  const paired = length > 0 ? pairedComparison(length, design) : null;
  const methods = new Set<"paired" | "unpaired">();
  const peeled = peelTiers(ranked, (member, leader) => {
    const comparison =
      paired && member.vector && leader.vector
        ? paired(member.vector, leader.vector)
        : compareUnpaired(member, leader);
    methods.add(comparison.method);
    return comparison;
  });
  const tierOf = new Map<string, number>();
  let tier = 0;
  for (const { leader, alike } of peeled) {
    tier++;
    for (const { checkpoint } of [leader, ...alike.map(({ member }) => member)]) tierOf.set(checkpoint, tier);
    await pause();
    if (tier === MOST_TIERS) break;
  }
  const [method = "none"] = methods;
  return { tierOf, method: methods.size > 1 ? "mixed" : method };
}

/** Σ vector / Σ weights. */
export function vectorValue(vector: Float32Array, weights: readonly number[] | undefined): number {
  const total = weights?.reduce((sum, weight) => sum + weight, 0) ?? vector.length;
  return vector.reduce((sum, value) => sum + value, 0) / total;
}
