import fc from "fast-check";
import { expect, test } from "vitest";
import type { Example } from "../corpus/corpus.ts";
import { batches } from "./batches.ts";

const ofLength = (length: number): Example => ({
  inputIds: Array<number>(length).fill(1),
  labels: Array<number>(length).fill(1),
});

test("every pair exactly once, within the limits", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(3)), { maxLength: 60 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 200 }),
      fc.boolean(),
      (lengths, drawn, most, tokens, padding) => {
        const examples = lengths.map(ofLength);
        const pairs = drawn.map(([n, direction]) => ({ example: n % examples.length, direction }));
        const passes = batches(pairs, examples, { pairs: most, tokens, padding });
        expect(new Set(passes.flat())).toEqual(new Set(pairs));
        expect(passes.flat()).toHaveLength(pairs.length);
        for (const pass of passes) {
          const inPass = pass.map(({ example }) => lengths[example]!);
          expect(pass.length).toBeGreaterThan(0);
          expect(pass.length).toBeLessThanOrEqual(most);
          if (pass.length > 1) expect(pass.length * Math.max(...inPass)).toBeLessThanOrEqual(tokens);
          if (!padding) expect(new Set(inPass).size).toBe(1);
        }
      },
    ),
    { seed: 4 },
  );
});

test("similar lengths run together, in the order they came", () => {
  const examples = [9, 2, 9, 3].map(ofLength);
  const pairs = [0, 1, 2, 3].map((example) => ({ example, direction: 0 }));
  const chosen = (limits: Partial<Parameters<typeof batches>[2]>) =>
    batches(pairs, examples, { pairs: 100, tokens: 100, padding: true, ...limits }).map((pass) =>
      pass.map(({ example }) => example),
    );
  expect(chosen({})).toEqual([[1, 3, 0, 2]]);
  expect(chosen({ pairs: 2 })).toEqual([
    [1, 3],
    [0, 2],
  ]);
  expect(chosen({ padding: false })).toEqual([[1], [3], [0, 2]]);
  // 3 × 9 tokens, padding included, do not fit where 26 may be; an example that is too long has a pass of its own.
  expect(chosen({ tokens: 26 })).toEqual([
    [1, 3],
    [0, 2],
  ]);
  expect(chosen({ tokens: 5 })).toEqual([[1], [3], [0], [2]]);
});

test("no pairs, no passes", () => {
  expect(batches([], [], { pairs: 1, tokens: 1, padding: true })).toEqual([]);
});
