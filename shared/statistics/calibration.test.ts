/** Do intervals and p-values hold what they promise? Seeds are fixed; bounds are four binomial errors wide. */
import { describe, expect, test } from "vitest";
import { normalSource } from "../../test/support/random.ts";
import { coefficient, type Checkpoints, type CoefficientName } from "./coefficient.ts";
import type { Scope } from "./grouping.ts";

const UNEQUAL = [1, 2, 3, 4, 6, 8, 1, 5, 2, 10, 3, 7];
const REPEATS = 300;

interface World {
  readonly sizes: readonly number[];
  /** Correlation of x and y, of runs and of steps alike. */
  readonly rho?: number;
  /** Steps are random walks. */
  readonly walk?: boolean;
  /** x drifts as training goes on, y in each run its own way. */
  readonly drift?: number;
  /** x and y share a cause that is given. */
  readonly cause?: boolean;
}

/** Half of the variance between runs, half inside them. */
function draw(
  normal: () => number,
  { sizes, rho = 0, walk = false, drift = 0, cause = false }: World,
): Checkpoints {
  const x: number[] = [];
  const y: number[] = [];
  const given: number[] = [];
  const runs: string[] = [];
  const pair = () => {
    const first = normal();
    return [first, rho * first + Math.sqrt(1 - rho * rho) * normal()] as const;
  };
  sizes.forEach((size, run) => {
    const [runX, runY] = pair();
    const slope = normal();
    const runLoss = normal();
    let walked: readonly [number, number] = [0, 0];
    for (let step = 0; step < size; step++) {
      const fresh = pair();
      walked = walk ? [walked[0] + fresh[0], walked[1] + fresh[1]] : fresh;
      const loss = runLoss + normal();
      x.push(Math.SQRT1_2 * (runX + walked[0]) + drift * step + (cause ? loss : 0));
      y.push(Math.SQRT1_2 * (runY + walked[1]) + drift * slope * step + (cause ? loss : 0));
      given.push(loss);
      runs.push(`${run}`);
    }
  });
  return {
    x,
    y,
    runs,
    families: runs.map((run) => `${Number(run) % 3}`),
    ...(cause && { given }),
  };
}

function simulate(world: World, name: CoefficientName, scope: Scope, truth: number, repeats = REPEATS) {
  const normal = normalSource(11);
  let rejected = 0;
  let covered = 0;
  for (let seed = 0; seed < repeats; seed++) {
    const { interval, pValue } = coefficient(name, draw(normal, world), scope, { seed, resamples: 199 });
    if (pValue !== null && pValue <= 0.05) rejected++;
    if (interval === null || (interval[0] <= truth && truth <= interval[1])) covered++;
  }
  return { rejected: rejected / repeats, covered: covered / repeats };
}

/** 5 % ± 4 √(0.05 · 0.95 / 300), below also room for the few arrangements of few runs. */
const LEVEL_LIMIT = 0.1;
/** 95 % − 4 √(0.05 · 0.95 / 300). */
const COVERAGE_LIMIT = 0.9;

describe("unrelated measures", () => {
  test.each<[string, World, CoefficientName, Scope]>([
    ["five runs", { sizes: UNEQUAL.slice(0, 5) }, "pearson", "all"],
    ["eight runs", { sizes: UNEQUAL.slice(0, 8) }, "spearman", "all"],
    ["six runs", { sizes: UNEQUAL.slice(0, 6) }, "kendall", "all"],
    ["twelve runs", { sizes: UNEQUAL }, "pearson", "all"],
    ["one checkpoint a run", { sizes: new Array(8).fill(1) }, "spearman", "all"],
    ["one run with most checkpoints", { sizes: [16, 2, 2, 2, 2, 2] }, "pearson", "all"],
    ["random walks", { sizes: UNEQUAL.slice(0, 8), walk: true }, "pearson", "all"],
    ["drifts, y's in either direction", { sizes: UNEQUAL.slice(0, 8), drift: 0.3 }, "pearson", "all"],
    [
      "both caused by the loss, which is given",
      { sizes: UNEQUAL.slice(0, 8), cause: true },
      "pearson",
      "all",
    ],
    ["the same on ranks", { sizes: UNEQUAL.slice(0, 8), cause: true }, "spearman", "all"],
    ["within families", { sizes: UNEQUAL.slice(0, 9) }, "pearson", "family"],
    ["within runs", { sizes: UNEQUAL, walk: true }, "pearson", "run"],
  ])("%s: rarely called related", (_, world, name, scope) => {
    const { rejected, covered } = simulate(world, name, scope, 0);
    expect(rejected).toBeLessThan(LEVEL_LIMIT);
    expect(covered).toBeGreaterThan(COVERAGE_LIMIT);
  });

  test("checkpoints taken for independent would often be called related", () => {
    const world = { sizes: [6, 6, 6, 6], walk: true };
    const normal = normalSource(5);
    let rejected = 0;
    for (let seed = 0; seed < REPEATS; seed++) {
      const data = draw(normal, world);
      const alone = { ...data, runs: data.x.map((_, i) => `${i}`) };
      if (coefficient("pearson", alone, "all", { seed, resamples: 99 }).pValue! <= 0.05) rejected++;
    }
    expect(rejected / REPEATS).toBeGreaterThan(0.25);
  });

  test("both caused by the loss, which is not given: called related", () => {
    const { x, y, runs } = draw(normalSource(3), { sizes: UNEQUAL, cause: true });
    expect(coefficient("pearson", { x, y, runs }, "all", { seed: 1, resamples: 999 }).pValue).toBeLessThan(
      0.05,
    );
  });
});

describe("related measures", () => {
  const rho = 0.7;
  const truth = {
    pearson: rho,
    spearman: (6 / Math.PI) * Math.asin(rho / 2),
    kendall: (2 / Math.PI) * Math.asin(rho),
  };
  test.each<[CoefficientName, number]>([
    ["pearson", 5],
    ["pearson", 8],
    ["spearman", 8],
    ["pearson", 12],
    ["kendall", 6],
  ])("%s of %i runs: covered, and found", (name, runs) => {
    const { rejected, covered } = simulate({ sizes: UNEQUAL.slice(0, runs), rho }, name, "all", truth[name]);
    expect(covered).toBeGreaterThan(COVERAGE_LIMIT);
    expect(rejected).toBeGreaterThan(runs < 8 ? 0.3 : 0.6);
  });
});
