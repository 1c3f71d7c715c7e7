/** Who is right where a shard gave different things: an arbiter whom everyone trusts, or else the majority. */

/** How far someone is trusted: the board's own compute worker most, whoever runs the board next. */
export const TRUST = { stranger: 0, admin: 1, edge: 2 } as const;
export type Trust = (typeof TRUST)[keyof typeof TRUST];

/** `undecided`: someone else has to run the shard as well. `wrong`: places among the parties. */
export type Verdict =
  { readonly kind: "undecided" } | { readonly kind: "decided"; readonly wrong: readonly number[] };

/**
 * @param trust of each party: whoever made the shard first, then those who ran it again, at least one.
 * @param agrees whether two of them gave the same, within rounding: symmetric, but two that agree with a third may differ.
 */
export function judge(trust: readonly Trust[], agrees: (a: number, b: number) => boolean): Verdict {
  const parties = trust.map((_, i) => i);
  const same = (a: number, b: number) => a === b || agrees(a, b);
  /** Those who agree with none of these. */
  const against = (right: readonly number[]) =>
    parties.filter((party) => !right.some((other) => same(party, other)));
  const most = Math.max(...trust);
  const arbiters = parties.filter((party) => trust[party] === most);
  if (most > TRUST.stranger && arbiters.every((a) => arbiters.every((b) => same(a, b)))) {
    return { kind: "decided", wrong: against(arbiters) };
  }
  const followers = parties.map((party) => parties.filter((other) => same(party, other)));
  // Where several have as many, the maker is first.
  const majority = followers.find((each) => 2 * each.length > parties.length);
  return majority ? { kind: "decided", wrong: against(majority) } : { kind: "undecided" };
}
