import { expect, test } from "vitest";
import { associate } from "../../../shared/statistics/associate.ts";
import { COEFFICIENTS, correlate, resamplesFor } from "./correlate.ts";

const size = 60;
const wave = (i: number, k: number) => Math.sin(12.9898 * i + 78.233 * k);
const x = Float64Array.from({ length: size }, (_, i) => wave(i, 1) + (i % 12));
const y = Float64Array.from({ length: size }, (_, i) => wave(i, 2) - (i % 12));
const runs = Uint32Array.from({ length: size }, (_, i) => i % 12);

test("coefficients and intervals are those of the statistics that the command line uses", () => {
  const whole = associate({
    x: [...x],
    y: [...y],
    runs: Array.from(runs, (run) => String(run).padStart(10, "0")),
    seed: 1,
    resamples: 2000,
  });
  for (const name of COEFFICIENTS) {
    const { value, interval } = correlate(name, { x, y, runs });
    expect({ value, interval }).toEqual({ value: whole[name].value, interval: whole[name].interval });
  }
});

test("ten thousand checkpoints take fewer resamples, and too many runs no Kendall", () => {
  expect([20, 2000, 5000, 10_000, 1e6].map(resamplesFor)).toEqual([2000, 2000, 800, 400, 400]);
  const many = Uint32Array.from({ length: 500 }, (_, i) => i);
  const line = Float64Array.from(many);
  expect(correlate("kendall", { x: line, y: line, runs: many })).toMatchObject({
    value: null,
    interval: null,
  });
  expect(correlate("kendall", { x: line, y: line, runs: many }).reason).toContain("takes too long");
});
