/**
 * Tiers instead of false ranks: the leader and everything not significantly worse than it, removed; then the same among
 * the rest. Comparisons with a leader are two-sided at 5 %, adjusted by Holm among each other; they are paired wherever
 * both have per-example values.
 */
import {
  comparePaired,
  compareUnpaired,
  requireDesign,
  type Comparison,
  type ExampleDesign,
} from "./comparison.ts";
import { StatisticsInputError } from "./error.ts";
import { holm } from "./holm.ts";

/** Give per-example values where they are at hand, or a value with its error, or both. */
export interface TierCandidate {
  readonly id: string;
  /** Aligned with everyone else's; the candidate's value is then Σ examples / Σ weights. */
  readonly examples?: readonly number[];
  /** Used where there are no examples. */
  readonly value?: number | null;
  readonly standardError?: number | null;
  /** Degrees of freedom of the standard error; absent: many. */
  readonly degrees?: number;
}

export interface TierInput extends ExampleDesign {
  readonly candidates: readonly TierCandidate[];
  readonly better: "higher" | "lower";
}

export interface TierMember {
  readonly id: string;
  readonly value: number;
  /** With its tier's leader (member minus leader); null for the leader. */
  readonly comparison: Comparison | null;
  /** By Holm, among all comparisons with this leader; null for the leader, or where no p-value could be had. */
  readonly adjustedPValue: number | null;
}

export interface Tiers {
  /** Best first; within a tier the leader first, then by value. */
  readonly tiers: readonly (readonly TierMember[])[];
  /** What the comparisons are, all together. */
  readonly method: Comparison["method"] | "mixed" | "none";
  readonly unranked: readonly { readonly id: string; readonly reason: string }[];
}

const LEVEL = 0.05;

/** @throws {StatisticsInputError} where ids repeat, or examples are not aligned or not finite. */
export function rankIntoTiers({ candidates, better, ...design }: TierInput): Tiers {
  requireDistinct(candidates.map(({ id }) => id));
  const valued = candidates.map((candidate) => ({ candidate, value: valueOf(candidate, design) }));
  const unranked = valued.flatMap(({ candidate: { id }, value }) =>
    value === null ? [{ id, reason: "its value is undefined" }] : [],
  );
  const sign = better === "higher" ? -1 : 1;
  const ranked = valued
    .flatMap(({ candidate, value }) => (value === null ? [] : [{ candidate, value }]))
    .sort((a, b) => sign * (a.value - b.value));
  const methods = new Set<Comparison["method"]>();
  const tiers = [
    ...peelTiers(ranked, (member, leader) => {
      const comparison = compare(member, leader, design);
      methods.add(comparison.method);
      return comparison;
    }),
  ].map(({ leader, alike }): TierMember[] => [
    { id: leader.candidate.id, value: leader.value, comparison: null, adjustedPValue: null },
    ...alike.map(({ member: { candidate, value }, ...found }) => ({ id: candidate.id, value, ...found })),
  ]);
  const [method = "none"] = methods;
  return { tiers, method: methods.size > 1 ? "mixed" : method, unranked };
}

export interface PeeledTier<T> {
  readonly leader: T;
  /** In the order given. */
  readonly alike: readonly {
    readonly member: T;
    readonly comparison: Comparison;
    readonly adjustedPValue: number | null;
  }[];
}

/**
 * The tiers of what is given best first, one at a time, so that whoever asks for them may do something else in between.
 *
 * @param compareWithLeader member minus leader.
 */
export function* peelTiers<T extends { readonly value: number }>(
  ranked: readonly T[],
  compareWithLeader: (member: T, leader: T) => Comparison,
): Generator<PeeledTier<T>, void, undefined> {
  let remaining = ranked;
  while (remaining.length > 0) {
    const [leader, ...others] = remaining as readonly [T, ...T[]];
    const comparisons = others.map((other) => compareWithLeader(other, leader));
    const adjusted = holm(comparisons.map(({ pValue }) => pValue));
    const isAlike = (i: number) =>
      adjusted[i] === null || adjusted[i]! > LEVEL || others[i]!.value === leader.value;
    yield {
      leader,
      alike: others.flatMap((member, i) =>
        isAlike(i) ? [{ member, comparison: comparisons[i]!, adjustedPValue: adjusted[i]! }] : [],
      ),
    };
    remaining = others.filter((_, i) => !isAlike(i));
  }
}

interface Ranked {
  readonly candidate: TierCandidate;
  readonly value: number;
}

function compare(a: Ranked, b: Ranked, design: ExampleDesign): Comparison {
  if (a.candidate.examples && b.candidate.examples)
    return comparePaired(a.candidate.examples, b.candidate.examples, design);
  return compareUnpaired(estimated(a), estimated(b));
}

function estimated({ candidate: { standardError = null, degrees }, value }: Ranked) {
  return { value, standardError, ...(degrees !== undefined && { degrees }) };
}

function valueOf({ id, examples, value }: TierCandidate, design: ExampleDesign): number | null {
  if (examples !== undefined) {
    const weights = requireDesign(examples.length, design);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    value = examples.reduce((sum, example) => sum + example, 0) / total;
  }
  if (value === undefined || value === null) return null;
  if (!Number.isFinite(value))
    throw new StatisticsInputError(
      `The value of "${id}" is ${value}, expected a finite number, or null where undefined.`,
    );
  return value;
}

function requireDistinct(ids: readonly string[]): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) throw new StatisticsInputError(`"${id}" is there twice; rank each checkpoint once.`);
    seen.add(id);
  }
}
