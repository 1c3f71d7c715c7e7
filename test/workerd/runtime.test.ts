import { expect, inject, test } from "vitest";
import { ModelTooBigError } from "../../shared/errors.ts";
import { heapLimitBytes, withRuntime } from "../../worker/edge/runtime.ts";
import type {} from "../conformance/provided.d.ts";
import { evaluateToy } from "../conformance/evaluation-suite.ts";
import { runOn, runtimeSuite } from "../conformance/runtime-suite.ts";
import {
  embedding,
  float32,
  inMemory,
  int64,
  mixer,
  mixerFeeds,
  tooBig,
} from "../conformance/tiny-models.ts";

runtimeSuite("workerd", withRuntime, { float64: true });

test("gives the bits that the same WASM gives in Node", async () => {
  const { y } = await withRuntime((runtime) => runOn(runtime, mixer, mixerFeeds));
  expect(y!.data).toEqual(Float32Array.from(inject("mixerInNode")));
});

test.each(["mlm", "clm"] as const)(
  "a whole %s evaluation gives the bits of Node's WASM",
  async (objective) => {
    const values = await withRuntime((runtime) => evaluateToy(runtime, objective));
    expect(values).toEqual(inject("toyInNode")[objective]);
  },
);

test("a model beyond the heap limit says so, and the next one runs", async () => {
  const refused = withRuntime((runtime) => runtime.createSession(inMemory(tooBig(heapLimitBytes))));
  await expect(refused).rejects.toThrow(ModelTooBigError);
  await expect(refused).rejects.toThrow("more than the 96 MiB");
  await withRuntime(async (runtime) => {
    expect(runtime.heapBytes()).toBeLessThanOrEqual(heapLimitBytes);
    const { y } = await runOn(runtime, embedding, { ids: int64([1, 1], [1]) });
    expect(y!.data).toEqual(Float32Array.of(10, 11, 12));
  });
});

test("a batch beyond the heap limit says so, and a smaller one runs", async () => {
  await withRuntime(async (runtime) => {
    const session = await runtime.createSession(inMemory(mixer));
    const rows = 200_000;
    const large = session.run({ x: float32([rows, 64], new Float32Array(rows * 64)) });
    await expect(large).rejects.toThrow(ModelTooBigError);
    await expect(session.run(mixerFeeds)).resolves.toHaveProperty("y");
  });
});

test("sessions left open do not pile up", async () => {
  for (let evaluation = 0; evaluation < 5; evaluation++) {
    await withRuntime((runtime) => runtime.createSession(inMemory(tooBig(heapLimitBytes / 4))));
  }
});

test("lends the runtime to one evaluation at a time", async () => {
  const events: string[] = [];
  const evaluation = (name: string) =>
    withRuntime(async (runtime) => {
      events.push(`${name} starts`);
      await runOn(runtime, embedding, { ids: int64([1, 1], [1]) });
      await scheduler.wait(1);
      events.push(`${name} ends`);
    });
  await Promise.all([evaluation("a"), evaluation("b")]);
  expect(events).toEqual(["a starts", "a ends", "b starts", "b ends"]);
});
