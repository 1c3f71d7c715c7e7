import fc from "fast-check";
import { describe, expect, test } from "vitest";
import reference from "../../test/support/statistics-reference.json" with { type: "json" };
import { normalSource, randomSource } from "../../test/support/random.ts";
import { associate, type AssociationInput } from "./associate.ts";
import { bootstrapValues } from "./bootstrap.ts";
import { coefficient, coefficientInterval, type Coefficient, type CoefficientName } from "./coefficient.ts";
import { kendall } from "./kendall.ts";
import { linearStatistic } from "./linear-statistic.ts";
import { partialPearson, partialSpearman } from "./partial.ts";
import { pearson } from "./pearson.ts";
import { studentized } from "./permutation.ts";
import { spearman } from "./spearman.ts";

const NAMES: readonly CoefficientName[] = ["pearson", "spearman", "kendall"];
const plain = { pearson, spearman, kendall };

/** Checkpoints of runs of the given sizes: run effects and step noise, x and y unrelated but for `between`. */
function world(seed: number, sizes: readonly number[], between = 0) {
  const normal = normalSource(seed);
  const data = { x: [] as number[], y: [] as number[], loss: [] as number[], runs: [] as string[] };
  sizes.forEach((size, run) => {
    const x = normal();
    const y = between * x + Math.sqrt(1 - between ** 2) * normal();
    for (let step = 0; step < size; step++) {
      data.x.push(x + 0.5 * normal());
      data.y.push(y + 0.5 * normal());
      data.loss.push(2 + 0.01 * normal());
      data.runs.push(`run ${run}`);
    }
  });
  return { ...data, families: data.runs.map((run) => `family ${Number(run.slice(4)) % 3}`), seed };
}

describe("values", () => {
  const data = world(3, [2, 5, 1, 4, 3, 6, 2], 0.6);
  const found = associate({ ...data, resamples: 200 });

  test("are those of the plain coefficients", () => {
    for (const name of NAMES) expect(found[name].value).toBeCloseTo(plain[name](data.x, data.y).value!, 12);
    expect(found.partial!.pearson.value).toBeCloseTo(partialPearson(data.x, data.y, data.loss).value!, 12);
    expect(found.partial!.spearman.value).toBeCloseTo(partialSpearman(data.x, data.y, data.loss).value!, 12);
    expect(found).toMatchObject({ checkpoints: 23, runs: 7, leftOut: 0 });
  });

  test("within families and runs: what dummies leave, by statsmodels", () => {
    const { x, y, runs, families, within_families, within_runs } = reference.stratified;
    const within = associate({ x, y, runs, families, seed: 1, resamples: 100 });
    expect(within.withinFamily!.pearson.value).toBeCloseTo(within_families, 9);
    expect(within.withinRun.pearson.value).toBeCloseTo(within_runs, 9);
  });

  // Family f: 3 concordant pairs; family g: 1 of 3 discordant. Across families every pair discords, and none is counted.
  test("within-family Kendall counts pairs of one family", () => {
    const { withinFamily, kendall: all } = associate({
      x: [1, 2, 3, 11, 12, 13],
      y: [11, 12, 13, 1, 3, 2],
      runs: ["a", "b", "c", "d", "e", "f"],
      families: ["f", "f", "f", "g", "g", "g"],
      seed: 1,
      resamples: 100,
    });
    expect(withinFamily!.kendall.value).toBeCloseTo(4 / 6, 12);
    // Both families have ranks 1, 2, 3: products of deviations 2 and 1, squares 2 and 2.
    expect(withinFamily!.spearman.value).toBeCloseTo(3 / 4, 12);
    expect(all.value).toBeCloseTo((4 - 9) / 15, 12);
    expect(withinFamily!.kendall.value).not.toBe(all.value);
  });

  test("leaving out a family leaves the others", () => {
    const { without, range } = found.leaveOneFamilyOut!;
    expect(without.map(({ family }) => family).sort()).toEqual(["family 0", "family 1", "family 2"]);
    for (const entry of without) {
      const kept = data.families.flatMap((family, i) => (family === entry.family ? [] : [i]));
      const [x, y] = [kept.map((i) => data.x[i]!), kept.map((i) => data.y[i]!)];
      for (const name of NAMES) expect(entry[name]).toBeCloseTo(plain[name](x, y).value!, 12);
    }
    const values = without.map((entry) => entry.kendall!);
    expect(range.kendall).toEqual([Math.min(...values), Math.max(...values)]);
  });
});

describe("against full enumeration", () => {
  const { x, y, runs, pValue, interval } = reference.enumerated;
  const resamples = 60_000;
  test.each(NAMES)("%s", (name) => {
    const found = coefficient(name, { x, y, runs }, "all", { seed: 5, resamples });
    const error = Math.sqrt((pValue[name] * (1 - pValue[name])) / resamples);
    expect(Math.abs(found.pValue! - pValue[name])).toBeLessThan(5 * error + 1 / resamples);
    const [low, high] = found.interval!;
    const within = (value: number, [from, to]: number[]) => {
      expect(value).toBeGreaterThanOrEqual(from! - 1e-9);
      expect(value).toBeLessThanOrEqual(to! + 1e-9);
    };
    within(low, interval[name].low);
    within(high, interval[name].high);
  });

  // Efron, The Jackknife, the Bootstrap and Other Resampling Plans (1982): 0.1425 by jackknife, about 0.13 by bootstrap.
  test("errors of the law schools' correlation", () => {
    const scale = (values: number[]) => {
      const mean = values.reduce((a, b) => a + b) / values.length;
      const sd = Math.sqrt(values.reduce((total, v) => total + (v - mean) ** 2, 0) / values.length);
      return values.map((value) => (value - mean) / sd);
    };
    const lsat = [576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594];
    const gpa = [3.39, 3.3, 2.81, 3.03, 3.44, 3.07, 3, 3.43, 3.36, 3.13, 3.12, 2.74, 2.76, 2.88, 2.96];
    const grouping = { runOf: lsat.map((_, i) => i), stratumOf: lsat.map(() => 0), stratumIsRun: false };
    const statistic = linearStatistic([scale(lsat), scale(gpa)], grouping);
    expect(pearson(lsat, gpa).value! / studentized(statistic, 15)!).toBeCloseTo(0.1425, 4);
    const { values } = bootstrapValues(statistic, 15, 1, 4000);
    const mean = values.reduce((a, b) => a + b) / values.length;
    const error = Math.sqrt(values.reduce((total, v) => total + (v - mean) ** 2, 0) / (values.length - 1));
    expect(error).toBeGreaterThan(0.126);
    expect(error).toBeLessThan(0.14);
  });
});

test("a p-value is never 0: no arrangement of a hundred as extreme gives 1 in 101", () => {
  const data = world(2, new Array<number>(12).fill(2));
  const { pearson: found } = associate({ ...data, y: data.x.map((value) => 3 - value), resamples: 100 });
  expect(found.pValue).toBeCloseTo(1 / 101, 12);
});

test("an interval without a p-value is the one that comes with it", () => {
  const resampling = { seed: 3, resamples: 100 };
  for (const name of ["pearson", "spearman", "kendall"] as const) {
    const { x, y, runs } = world(5, new Array<number>(7).fill(3));
    const whole = coefficient(name, { x, y, runs }, "all", resampling);
    const { value, interval } = coefficientInterval(name, { x, y, runs }, "all", resampling);
    expect(interval).not.toBeNull();
    expect({ value, interval }).toEqual({ value: whole.value, interval: whole.interval });
  }
  const few = coefficientInterval(
    "pearson",
    { x: [1, 2, 3], y: [1, 3, 2], runs: ["a", "b", "c"] },
    "all",
    resampling,
  );
  expect(few.reason).toBe("no interval: 3 independent runs, at least 5 are needed");
});

describe("what cannot be said is null with a reason", () => {
  test("too few runs, however many checkpoints", () => {
    const { pearson: found } = associate({ ...world(1, [30, 30, 30, 30]), resamples: 100 });
    expect(found.value).not.toBeNull();
    expect(found).toMatchObject({ interval: null, pValue: null });
    expect(found.reason).toContain("4 independent runs, at least 5");
  });

  // Signs of five runs: 2⁵ arrangements, of which two are as extreme as the most extreme.
  test("too few arrangements for significance", () => {
    const { withinRun } = associate({ ...world(2, [3, 3, 3, 3, 3]), resamples: 100 });
    expect(withinRun.pearson.interval).not.toBeNull();
    expect(withinRun.pearson).toMatchObject({ pValue: null, reason: expect.stringContaining("0.063") });
  });

  test("one run that alone differs", () => {
    const { pearson: found } = associate({
      x: [1, 2, 3, 4, 5, 6],
      y: [0, 0, 0, 0, 0, 1],
      runs: ["a", "b", "c", "d", "e", "f"],
      seed: 1,
      resamples: 500,
    });
    expect(found).toMatchObject({ interval: null, pValue: null });
    expect(found.reason).toContain("without one of its runs");
  });

  test("a perfect order: a small p-value, no interval of no width", () => {
    const x = [1, 2, 3, 4, 5, 6];
    const { spearman: found } = associate({ x, y: x.map(Math.exp), runs: x.map(String), seed: 1 });
    expect(found.value).toBe(1);
    expect(found.pValue).toBeGreaterThan(2 / 720 / 3);
    expect(found.pValue).toBeLessThan(0.01);
    expect(found.interval).toBeNull();
  });

  test("constant input, within every run too", () => {
    const data = world(1, [2, 2, 2, 2, 2, 2]);
    const constant = associate({ ...data, x: data.x.map(() => 0.1), resamples: 100 });
    for (const name of NAMES)
      expect(constant[name]).toEqual({ value: null, interval: null, pValue: null, reason: "x is constant" });
    const ofRun = associate({
      ...data,
      y: data.runs.map((run) => Number(run.slice(4)) / 10),
      resamples: 100,
    });
    for (const name of NAMES)
      expect(ofRun.withinRun[name]).toMatchObject({ value: null, reason: "y is constant within every run" });
    const ofLoss = associate({ ...data, loss: data.loss.map(() => 2.2), resamples: 100 });
    expect(ofLoss.partial!.pearson.reason).toBe("the loss is constant");
    const sameAsLoss = associate({ ...data, loss: data.x, resamples: 100 });
    expect(sameAsLoss.partial!.spearman).toMatchObject({
      value: null,
      reason: expect.stringContaining("linear"),
    });
  });

  test("nothing at all", () => {
    const empty = associate({ x: [], y: [], runs: [], families: [], loss: [], seed: 0 });
    expect(empty).toMatchObject({ checkpoints: 0, runs: 0, pearson: { value: null } });
    expect(empty.leaveOneFamilyOut).toEqual({
      without: [],
      range: { pearson: null, spearman: null, kendall: null },
    });
  });
});

describe("input", () => {
  const data = world(4, [2, 3, 1, 2, 4]);
  test("checkpoints without a value are left out and counted", () => {
    const holes = associate({ ...data, x: data.x.map((v, i) => (i === 3 ? null : v)), resamples: 100 });
    expect(holes).toMatchObject({ checkpoints: 11, leftOut: 1 });
    const drop = <T>(list: readonly T[]) => list.filter((_, i) => i !== 3);
    const without = associate({
      ...data,
      x: drop(data.x),
      y: drop(data.y),
      loss: drop(data.loss),
      runs: drop(data.runs),
      families: drop(data.families),
      resamples: 100,
    });
    expect(holes).toEqual({ ...without, leftOut: 1 });
  });

  test.each<[string, Partial<AssociationInput>, string]>([
    ["a value that is no number", { y: data.y.map((v, i) => (i === 2 ? NaN : v)) }, "y[2] is NaN"],
    ["unequal lengths", { y: [1, 2] }, "y has 2 entries and x 12"],
    ["runs missing", { runs: ["a"] }, "runs has 1 entries"],
    [
      "a run in two families",
      { families: data.runs.map((_, i) => `f${i}`) },
      'Run "run 0" is in the families',
    ],
    ["a fractional seed", { seed: 0.5 }, "The seed is 0.5"],
    ["too few resamples", { resamples: 10 }, "resamples is 10"],
  ])("refuses %s", (_, change, message) => {
    expect(() => associate({ ...data, ...change })).toThrow(message);
  });
});

describe("always", () => {
  const shuffled = (size: number, seed: number) => {
    const random = randomSource(seed);
    return Array.from({ length: size }, (_, i) => ({ i, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ i }) => i);
  };
  const close = (a: Coefficient, b: Coefficient) => {
    expect(a.value).toBeCloseTo(b.value!, 9);
    expect(a.pValue).toBe(b.pValue);
    expect(a.interval?.[0]).toBeCloseTo(b.interval![0], 9);
    expect(a.interval?.[1]).toBeCloseTo(b.interval![1], 9);
  };

  test("the same whatever the order of rows, another for another seed", () => {
    const data = world(6, [2, 3, 1, 2, 4, 3], 0.4);
    const first = associate({ ...data, resamples: 300 });
    const order = shuffled(data.x.length, 9);
    const pick = <T>(list: readonly T[]) => order.map((i) => list[i]!);
    const second = associate({
      x: pick(data.x),
      y: pick(data.y),
      loss: pick(data.loss),
      runs: pick(data.runs),
      families: pick(data.families),
      seed: data.seed,
      resamples: 300,
    });
    for (const name of NAMES) {
      close(second[name], first[name]);
      close(second.withinFamily![name], first.withinFamily![name]);
    }
    expect(associate({ ...data, seed: 7, resamples: 300 }).pearson.interval).not.toEqual(
      first.pearson.interval,
    );
  });

  test("rank inference does not see rising maps", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const data = world(seed, [1, 3, 2, 2, 1, 4], 0.5);
        const mapped = { ...data, x: data.x.map((v) => Math.exp(v)), y: data.y.map((v) => v ** 3) };
        for (const name of ["spearman", "kendall"] as const) {
          const resampling = { seed, resamples: 100 };
          expect(coefficient(name, mapped, "all", resampling)).toEqual(
            coefficient(name, data, "all", resampling),
          );
        }
      }),
      { seed: 3, numRuns: 15 },
    );
  });
});
