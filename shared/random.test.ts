import { describe, expect, test } from "vitest";
import { chiSquare, chiSquareScore } from "../test/support/chi-square.ts";
import { philox4x32 } from "./perturb/philox.ts";
import { RandomStream } from "./random.ts";

const COUNT = 100_000;
/** A standard normal number is beyond this, either way, once in two thousand times. */
const FAR = 3.5;

const draws = (draw: () => number, count = COUNT) => Float64Array.from({ length: count }, draw);

/** How many standard errors the mean of the values is away from `mean`, their variance being known. */
function meanScore(values: Float64Array, mean: number, variance: number): number {
  const found = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.abs(found - mean) / Math.sqrt(variance / values.length);
}

test("numbers for a key stay the same", () => {
  const random = new RandomStream(2 ** 40 + 5, 7, 3);
  const block = new Uint32Array(4);
  philox4x32(0, 7, 3, 0xffffffff, 5, 256, block);
  expect([random.word(), random.word(), random.word(), random.word()]).toEqual([...block]);
  philox4x32(1, 7, 3, 0xffffffff, 5, 256, block);
  expect(random.word()).toBe(block[0]);
  expect(new RandomStream(1).uniform()).toBe(0.9572231523758152);
  expect(new RandomStream(1).normal()).toBe(-0.21057965905723064);
});

describe("uniform", () => {
  const values = draws(
    (
      (random) => () =>
        random.uniform()
    )(new RandomStream(1)),
  );

  test("moments and range", () => {
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(meanScore(values, 1 / 2, 1 / 12)).toBeLessThan(FAR);
    expect(
      meanScore(
        values.map((value) => value ** 2),
        1 / 3,
        4 / 45,
      ),
    ).toBeLessThan(FAR);
  });

  test("all of the range, alike", () => {
    const counts = new Float64Array(256);
    for (const value of values) counts[Math.floor(value * 256)]!++;
    expect(
      chiSquareScore(
        chiSquare(
          counts,
          counts.map(() => 1 / 256),
        ),
      ),
    ).toBeLessThan(FAR);
    // And of the bits that 32 would not hold.
    const fine = new Float64Array(16);
    for (const value of values) fine[(value * 2 ** 53) % 16]!++;
    expect(
      chiSquareScore(
        chiSquare(
          fine,
          fine.map(() => 1 / 16),
        ),
      ),
    ).toBeLessThan(FAR);
  });

  test("one says nothing of the next", () => {
    const products = values.slice(1).map((value, i) => (value - 0.5) * (values[i]! - 0.5));
    expect(meanScore(products, 0, 1 / 144)).toBeLessThan(FAR);
  });
});

test("normal: moments and tails", () => {
  const values = draws(
    (
      (random) => () =>
        random.normal()
    )(new RandomStream(2)),
  );
  expect(values.every(Number.isFinite)).toBe(true);
  const powers: [power: number, mean: number, variance: number][] = [
    [1, 0, 1],
    [2, 1, 2],
    [3, 0, 15],
    [4, 3, 96],
  ];
  for (const [power, mean, variance] of powers) {
    expect(
      meanScore(
        values.map((value) => value ** power),
        mean,
        variance,
      ),
    ).toBeLessThan(FAR);
  }
  const beyond = values.filter((value) => Math.abs(value) > 1.959964).length / COUNT;
  expect(Math.abs(beyond - 0.05)).toBeLessThan(FAR * Math.sqrt((0.05 * 0.95) / COUNT));
});

describe("streams", () => {
  const keys: [seed: number, stream: number, purpose: number][] = [
    [1, 0, 0],
    [2, 0, 0],
    [1 + 2 ** 32, 0, 0],
    [1, 1, 0],
    [1, 0, 1],
    [1, 2 ** 31, 0],
    [0, 1, 1],
  ];

  test("say nothing of one another", () => {
    const streams = keys.map((key) => {
      const random = new RandomStream(...key);
      return draws(() => random.uniform() - 0.5, 20_000);
    });
    streams.forEach((a, i) => {
      for (const b of streams.slice(i + 1)) {
        expect(
          meanScore(
            a.map((value, k) => value * b[k]!),
            0,
            1 / 144,
          ),
        ).toBeLessThan(FAR);
      }
    });
    expect(new Set(streams.map((stream) => stream[0])).size).toBe(keys.length);
  });

  test("their first numbers are uniform over streams, too", () => {
    const counts = new Float64Array(64);
    for (let i = 0; i < 20_000; i++) counts[Math.floor(new RandomStream(3, i, 1).uniform() * 64)]!++;
    expect(
      chiSquareScore(
        chiSquare(
          counts,
          counts.map(() => 1 / 64),
        ),
      ),
    ).toBeLessThan(FAR);
  });

  test("do not depend on how others are read", () => {
    const [a, b] = [new RandomStream(9, 1), new RandomStream(9, 2)];
    const alone = draws(() => new RandomStream(9, 1).uniform(), 1)[0];
    b.word();
    b.normal();
    expect(a.uniform()).toBe(alone);
  });
});

test.each([1, 2, 7, 1000])("below(%i)", (bound) => {
  const random = new RandomStream(4, bound);
  const counts = new Float64Array(bound);
  for (let i = 0; i < COUNT; i++) counts[random.below(bound)]!++;
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(COUNT);
  if (bound > 1)
    expect(
      chiSquareScore(
        chiSquare(
          counts,
          counts.map(() => 1 / bound),
        ),
      ),
    ).toBeLessThan(FAR);
});

test("shuffles are permutations, all equally likely", () => {
  const random = new RandomStream(5);
  const counts = new Map<string, number>();
  for (let i = 0; i < 48_000; i++) {
    const items = [0, 1, 2, 3];
    expect(random.shuffle(items)).toBe(items);
    const key = items.join("");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  expect(counts.size).toBe(24);
  expect([...counts.keys()].every((key) => [...key].sort().join("") === "0123")).toBe(true);
  expect(chiSquareScore(chiSquare([...counts.values()], new Array<number>(24).fill(1 / 24)))).toBeLessThan(
    FAR,
  );
  expect(random.shuffle([])).toEqual([]);
});
