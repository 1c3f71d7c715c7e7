import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalSource } from "../../test/support/random.ts";
import { rankIntoTiers, type Tiers } from "./tiers.ts";

const ids = ({ tiers }: Tiers) => tiers.map((tier) => tier.map(({ id }) => id));

describe("by value and error", () => {
  const candidates = [
    { id: "low", value: 0.5, standardError: 0.01 },
    { id: "best", value: 0.72, standardError: 0.01 },
    { id: "near", value: 0.71, standardError: 0.01 },
    { id: "vague", value: 0.6, standardError: 0.3 },
    { id: "lost", value: null },
    { id: "lower", value: 0.49, standardError: 0.01 },
  ];

  test("whoever cannot be told from the leader shares its tier", () => {
    const found = rankIntoTiers({ candidates, better: "higher" });
    expect(ids(found)).toEqual([
      ["best", "near", "vague"],
      ["low", "lower"],
    ]);
    expect(found.method).toBe("unpaired");
    expect(found.unranked).toEqual([{ id: "lost", reason: "its value is undefined" }]);
    expect(found.tiers[0]![0]).toMatchObject({ comparison: null, adjustedPValue: null });
    expect(found.tiers[0]![1]!.comparison!.difference).toBeCloseTo(-0.01, 12);
  });

  test("lower may be better", () => {
    expect(ids(rankIntoTiers({ candidates, better: "lower" }))).toEqual([
      ["lower", "low", "vague"],
      ["near", "best"],
    ]);
  });

  // Two errors of 0.01: z = 2.12 and p = 0.034 for a single comparison, not below 5 % among two.
  test("several comparisons with one leader are adjusted for", () => {
    const pair = [
      { id: "a", value: 0.7, standardError: 0.01 },
      { id: "b", value: 0.67, standardError: 0.01 },
    ];
    expect(ids(rankIntoTiers({ candidates: pair, better: "higher" }))).toEqual([["a"], ["b"]]);
    const three = [...pair, { id: "c", value: 0.669, standardError: 0.01 }];
    expect(ids(rankIntoTiers({ candidates: three, better: "higher" }))).toEqual([["a", "b", "c"]]);
  });

  test("without an error nothing is told apart", () => {
    const unknown = [
      { id: "a", value: 1 },
      { id: "b", value: 2, standardError: 0.1 },
    ];
    const { tiers } = rankIntoTiers({ candidates: unknown, better: "higher" });
    expect(tiers[0]![1]).toMatchObject({ id: "a", adjustedPValue: null });
    expect(tiers[0]![1]!.comparison!.reason).toContain("missing");
  });
});

describe("by examples", () => {
  const normal = normalSource(2);
  const shared = Array.from({ length: 200 }, () => 3 * normal());
  const noisy = (shift: number) => shared.map((value) => value + shift + 0.1 * normal());
  const examples = { a: noisy(0), b: noisy(0.1), c: noisy(0.1) };

  test("pairing tells apart what separate errors cannot", () => {
    const paired = rankIntoTiers({
      candidates: Object.entries(examples).map(([id, values]) => ({ id, examples: values })),
      better: "lower",
    });
    expect(ids(paired)[0]).toEqual(["a"]);
    expect(paired.method).toBe("paired");
    const unpaired = rankIntoTiers({
      candidates: paired.tiers.flat().map(({ id, value }) => ({ id, value, standardError: 0.2 })),
      better: "lower",
    });
    expect(ids(unpaired)).toHaveLength(1);
  });

  test("where some have no examples, each comparison says what it is", () => {
    const mixed = rankIntoTiers({
      candidates: [
        { id: "a", examples: examples.a, standardError: 0.2 },
        { id: "b", examples: examples.b, standardError: 0.2 },
        { id: "d", value: 9, standardError: 0.2 },
      ],
      better: "lower",
    });
    expect(mixed.method).toBe("mixed");
    expect(ids(mixed)).toEqual([["a"], ["b"], ["d"]]);
  });

  test("values are ratios where examples have weights", () => {
    const { tiers } = rankIntoTiers({
      candidates: [{ id: "a", examples: [2, 4] }],
      better: "lower",
      weights: [1, 3],
    });
    expect(tiers[0]![0]!.value).toBe(1.5);
  });
});

test("refuses repeated ids, examples not aligned, values that are no number", () => {
  const better = "higher";
  const twice = [
    { id: "a", value: 1 },
    { id: "a", value: 2 },
  ];
  expect(() => rankIntoTiers({ candidates: twice, better })).toThrow('"a" is there twice');
  const uneven = [
    { id: "a", examples: [1, 2] },
    { id: "b", examples: [1] },
  ];
  expect(() => rankIntoTiers({ candidates: uneven, better })).toThrow("entries");
  expect(() => rankIntoTiers({ candidates: [{ id: "a", value: NaN }], better })).toThrow("NaN");
  expect(rankIntoTiers({ candidates: [], better })).toEqual({ tiers: [], method: "none", unranked: [] });
});

test("every candidate is in one tier, leaders fall, and nobody beats its leader", () => {
  const candidate = fc.record({
    value: fc.double({ min: -5, max: 5, noNaN: true }),
    standardError: fc.option(fc.double({ min: 0, max: 2, noNaN: true })),
  });
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 20 }), (list) => {
      const candidates = list.map((entry, i) => ({ id: `${i}`, ...entry }));
      const { tiers } = rankIntoTiers({ candidates, better: "higher" });
      expect(
        tiers
          .flat()
          .map(({ id }) => Number(id))
          .sort((a, b) => a - b),
      ).toEqual(candidates.map((_, i) => i));
      let before = Infinity;
      for (const [leader, ...others] of tiers) {
        expect(leader!.value).toBeLessThanOrEqual(before);
        before = leader!.value;
        for (const { value } of others) expect(value).toBeLessThanOrEqual(leader!.value);
      }
    }),
    { seed: 5 },
  );
});
