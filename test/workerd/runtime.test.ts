import { expect, inject, test } from "vitest";
import { ModelTooBigError } from "../../shared/errors.ts";
import { BASE_BYTES, BUDGET_BYTES, OverBudgetError } from "../../worker/edge/accounting.ts";
import { heapLimitBytes, withRuntime } from "../../worker/edge/runtime.ts";
import { RuntimeCrashedError, type WasmRuntime } from "../../worker/edge/wasm.ts";
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
  type TinyModel,
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
  const bytes = 40 * 2 ** 20;
  const refused = withRuntime((runtime) => runtime.createSession(inMemory(tooBig(bytes))));
  await expect(refused).rejects.toThrow(ModelTooBigError);
  // What the model takes besides is part of what an isolate may take.
  const limit = Math.floor((BUDGET_BYTES - BASE_BYTES - bytes - 1024) / 2 ** 20);
  await expect(refused).rejects.toThrow(`more than the ${limit} MiB`);
  await withRuntime(async (runtime) => {
    expect(runtime.health()).toBe("fresh");
    expect(runtime.heapBytes()).toBeLessThanOrEqual(heapLimitBytes);
    const { y } = await runOn(runtime, embedding, { ids: int64([1, 1], [1]) });
    expect(y!.data).toEqual(Float32Array.of(10, 11, 12));
  });
});

test("a model beyond all that an isolate may take is refused before it is copied", async () => {
  const refused = withRuntime((runtime) => runtime.createSession(inMemory(tooBig(heapLimitBytes))));
  await expect(refused).rejects.toThrow(OverBudgetError);
});

test("after ONNX Runtime crashed, the next evaluation gives the bits it always gave", async () => {
  const before = await withRuntime((runtime) => runOn(runtime, mixer, mixerFeeds));
  for (let time = 0; time < 3; time++) {
    await withRuntime(async (runtime) => {
      const session = await runtime.createSession(inMemory(mixer));
      await crash(runtime);
      await expect(session.run(mixerFeeds)).rejects.toThrow(RuntimeCrashedError);
      await session.dispose();
    });
    expect(await withRuntime((runtime) => runOn(runtime, mixer, mixerFeeds))).toEqual(before);
  }
});

test("sessions of before a restart cannot be run, nor do they harm those after it", async () => {
  await withRuntime(async (runtime) => {
    const old = await runtime.createSession(inMemory(mixer));
    const { y: before } = await old.run(mixerFeeds);
    await runtime.restart();
    expect(runtime.health()).toBe("fresh");
    const session = await runtime.createSession(inMemory(mixer));
    await expect(old.run(mixerFeeds)).rejects.toThrow("restarted");
    await old.dispose();
    expect((await session.run(mixerFeeds)).y).toEqual(before);
  });
});

test("a restart gives a heap back that has grown too large", async () => {
  await withRuntime(async (runtime) => {
    await runtime.createSession(inMemory(tooBig(heapLimitBytes / 4)));
    const grown = runtime.heapBytes();
    await runtime.restart();
    expect(runtime.heapBytes()).toBe(grown);
    await runtime.restart(0);
    expect(runtime.heapBytes()).toBeLessThan(grown / 2);
    await runOn(runtime, mixer, mixerFeeds);
  });
});

/** What happens when memory runs out again and again, and nobody restarts: real crashes, of one kind or another. */
async function crash(runtime: WasmRuntime): Promise<void> {
  const long = 100_000;
  const chain: TinyModel = {
    nodes: Array.from({ length: long }, (_, i) => {
      return ["Identity", [i === 0 ? "x" : `v${i}`], [i === long - 1 ? "y" : `v${i + 1}`]] as const;
    }),
    inputs: { x: ["float32", ["n"]] },
    outputs: { y: ["float32", ["n"]] },
  };
  for (let attempt = 0; attempt < 10 && runtime.health() !== "crashed"; attempt++) {
    await runtime.createSession(inMemory(chain)).catch(() => undefined);
    const rows = 100_000;
    const large = { x: float32([rows, 64], new Float32Array(rows * 64)) };
    await runOn(runtime, mixer, large).catch(() => undefined);
  }
  expect(runtime.health()).toBe("crashed");
}

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
