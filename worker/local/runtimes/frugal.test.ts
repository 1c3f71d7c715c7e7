import { expect, test } from "vitest";
import type { Runtime } from "../../../shared/runtime.ts";
import { frugalRuntime } from "./frugal.ts";
import { createNodeRuntime } from "./node.ts";
import { smallestModel } from "./smallest-model.ts";

const native = await createNodeRuntime({ threads: 1 });
const model = { graph: smallestModel(), externalData: [] };
const feeds = (value: number) =>
  ({ x: { type: "float32", dims: [1], data: Float32Array.of(value) } }) as const;

/** The runtime, with how many of its sessions there are, and how many there were. */
function counted() {
  const count = { now: 0, most: 0, made: 0 };
  const runtime: Runtime = {
    ...native,
    async createSession(...args) {
      const session = await native.createSession(...args);
      count.made++;
      count.most = Math.max(count.most, ++count.now);
      return {
        run: (given) => session.run(given),
        async dispose() {
          count.now--;
          await session.dispose();
        },
      };
    },
  };
  return { runtime, count };
}

test("sessions of large models are there one at a time, and give what they would give", async () => {
  const { runtime, count } = counted();
  const frugal = frugalRuntime(runtime, 1);
  const sessions = [await frugal.createSession(model), await frugal.createSession(model)];
  const expected = await (await native.createSession(model)).run(feeds(3));
  for (const session of [0, 1, 0, 0, 1]) expect(await sessions[session]!.run(feeds(3))).toEqual(expected);
  // Asked for side by side, they still take turns.
  const together = await Promise.all([0, 1, 0, 1].map((i) => sessions[i]!.run(feeds(3))));
  for (const found of together) expect(found).toEqual(expected);
  expect(count.most).toBe(1);
  expect(count.made).toBeGreaterThan(6);
  for (const session of sessions) await session.dispose();
  await sessions[0]!.dispose();
  expect(count.now).toBe(0);
  await expect(sessions[0]!.run(feeds(3))).rejects.toThrow("disposed");
});

test("small ones stay", async () => {
  const { runtime, count } = counted();
  const frugal = frugalRuntime(runtime);
  const sessions = await Promise.all(Array.from({ length: 5 }, () => frugal.createSession(model)));
  for (let round = 0; round < 3; round++) for (const session of sessions) await session.run(feeds(round));
  expect(count).toEqual({ now: 5, most: 5, made: 5 });
});

test("what is wrong with a model shows when its session is made", async () => {
  const frugal = frugalRuntime(native, 1);
  await expect(frugal.createSession({ graph: Uint8Array.of(1, 2, 3), externalData: [] })).rejects.toThrow();
  expect(await (await frugal.createSession(model)).run(feeds(1))).toBeDefined();
});
