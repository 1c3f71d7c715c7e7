import { expect, test } from "vitest";
import { randomSource } from "../../../test/support/random.ts";
import { drawShards, REPLAYED, REPLAYED_OF_EACH } from "./draw.ts";

/** The preparing shard, and so many of each worker. */
function made(counts: Readonly<Record<string, number>>) {
  const shards = Object.entries(counts).flatMap(([worker, count]) =>
    Array.from({ length: count }, (_, i) => ({ id: `measure/rank-one/${worker}${i}`, worker })),
  );
  return [{ id: "prepare", worker: Object.keys(counts)[0]! }, ...shards];
}

const NONE = new Set<string>();

test("of few all are run again, of many the preparing one and twenty others", () => {
  const few = made({ a: 7, b: 2 });
  expect(drawShards(few, NONE, randomSource(1)).sort()).toEqual(few.map(({ id }) => id).sort());
  const many = drawShards(made({ a: 300, b: 200 }), NONE, randomSource(1));
  expect(many).toHaveLength(REPLAYED + 1);
  expect(new Set(many)).toContain("prepare");
  expect(new Set(many).size).toBe(many.length);
});

test("whoever took part is looked at, however little they did", () => {
  const shards = made({ a: 1000, b: 4, c: 1, ...Object.fromEntries([..."defghijk"].map((w) => [w, 50])) });
  for (let seed = 0; seed < 20; seed++) {
    const drawn = new Set(drawShards(shards, NONE, randomSource(seed)));
    for (const [worker, own] of Map.groupBy(shards, (shard) => shard.worker)) {
      const count = own.filter(({ id }) => drawn.has(id)).length;
      expect(count, worker).toBeGreaterThanOrEqual(Math.min(REPLAYED_OF_EACH, own.length));
    }
  }
});

test("what was drawn before counts, as long as it is there", () => {
  const shards = made({ a: 100 });
  const have = new Set(["prepare", "measure/rank-one/a3", "measure/rank-one/gone"]);
  const drawn = drawShards(shards, have, randomSource(3));
  expect(drawn).toHaveLength(REPLAYED - 1);
  expect(drawn.some((id) => have.has(id))).toBe(false);
  const all = new Set(shards.map(({ id }) => id));
  expect(drawShards(shards, all, randomSource(3))).toEqual([]);
});

test("every shard is as likely as another", () => {
  const shards = made({ a: 60 });
  const counts = new Map<string, number>();
  const random = randomSource(5);
  const draws = 3000;
  for (let i = 0; i < draws; i++) {
    for (const id of drawShards(shards, NONE, random)) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const expected = draws * (REPLAYED / 60);
  const error = Math.sqrt(expected * (1 - REPLAYED / 60));
  for (const { id } of shards.slice(1)) expect(Math.abs(counts.get(id)! - expected)).toBeLessThan(5 * error);
});

// Each of a forger's measuring shards disagrees when it is run again (test/node/agreement.test.ts).
test("one worker of two that forges a trace is found in 99 of 100 evaluations, however many fits there are", () => {
  const measuring = Array.from({ length: 40 }, (_, i) => {
    return { id: `measure/rank-one/${256 * i}`, worker: i % 2 === 0 ? "forger" : "honest" };
  });
  const fits = Array.from({ length: 400 }, (_, i) => {
    return { id: `fit/task/${i}`, worker: i % 2 === 0 ? "forger" : "honest" };
  });
  const shards = [{ id: "prepare", worker: "honest" }, ...fits, ...measuring];
  const forged = new Set(measuring.filter(({ worker }) => worker === "forger").map(({ id }) => id));
  const random = randomSource(11);
  const draws = 5000;
  let missed = 0;
  for (let i = 0; i < draws; i++) {
    const drawn = drawShards(shards, NONE, random);
    expect(drawn.length).toBe(REPLAYED + 1);
    if (!drawn.some((id) => forged.has(id))) missed++;
  }
  expect(missed / draws).toBeLessThan(0.01);
});
