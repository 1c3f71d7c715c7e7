import { describe, expect, test } from "vitest";
import { fillSigns, Side, signAt, type DirectionKey } from "./directions.ts";

const KEY: DirectionKey = { seed: 1, direction: 2, example: 3, tensor: 4, side: Side.rows };

function signs(key: DirectionKey, count: number, magnitude = 1): Float32Array {
  const out = new Float32Array(count);
  fillSigns(out, 0, count, key, magnitude);
  return out;
}

describe("directions", () => {
  test("entries are ± the magnitude, signs first fixed by the key", () => {
    const small = signs(KEY, 300, 2 ** -11);
    const unit = signs(KEY, 300);
    expect(new Set(small)).toEqual(new Set([2 ** -11, -(2 ** -11)]));
    expect([...small].map((value) => value * 2 ** 11)).toEqual([...unit]);
    expect(signs(KEY, 300, -1)).toEqual(unit.map((value) => -value));
  });

  test("an entry does not depend on how many are made, and can be had alone", () => {
    const long = signs(KEY, 1000);
    expect([...signs(KEY, 37)]).toEqual([...long.subarray(0, 37)]);
    for (const index of [0, 1, 31, 32, 127, 128, 999]) expect(signAt(index, KEY)).toBe(long[index]);
  });

  test("every part of the key gives another stream", () => {
    const base = signs(KEY, 256).join();
    const others: Partial<DirectionKey>[] = [
      { seed: 2 },
      { seed: 1 + 2 ** 32 },
      { direction: 3 },
      { example: 4 },
      { tensor: 5 },
      { side: Side.columns },
    ];
    for (const change of others) expect(signs({ ...KEY, ...change }, 256).join()).not.toBe(base);
  });

  test("signs are balanced and uncorrelated between examples", () => {
    const n = 1 << 16;
    const a = signs(KEY, n);
    const b = signs({ ...KEY, example: 9 }, n);
    const mean = a.reduce((sum, value) => sum + value, 0) / n;
    const correlation = a.reduce((sum, value, i) => sum + value * b[i]!, 0) / n;
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(n));
  });
});
