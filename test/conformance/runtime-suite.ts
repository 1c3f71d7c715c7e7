/** What every runtime must do, whatever it runs on. */
import { describe, expect, test } from "vitest";
import { PlateauError } from "../../shared/errors.ts";
import type { Feeds, Runtime } from "../../shared/runtime.ts";
import { embedding, float32, inMemory, int64, mixer, mixerFeeds, type TinyModel } from "./tiny-models.ts";

const identity: TinyModel = {
  nodes: [["Identity", ["x"], ["y"]]],
  inputs: { x: ["float32", ["n"]] },
  outputs: { y: ["float32", ["n"]] },
};

const cache: TinyModel = {
  nodes: [
    ["Concat", ["past", "x"], ["present"], 0],
    ["Identity", ["past"], ["old"]],
  ],
  inputs: { past: ["float32", ["t", 2]], x: ["float32", ["s", 2]] },
  outputs: { present: ["float32", ["u", 2]], old: ["float32", ["t", 2]] },
};

/** `use` lends the runtime; `float64` says whether it computes in double precision. */
export function runtimeSuite(
  name: string,
  use: <T>(work: (runtime: Runtime) => Promise<T>) => Promise<T>,
  { float64 }: { float64: boolean },
): void {
  describe(name, () => {
    const run = (tiny: TinyModel, feeds: Feeds) => use((runtime) => runOn(runtime, tiny, feeds));

    test("names its device and version", async () => {
      await use(async (runtime) => {
        expect(runtime.device).toMatch(/^\w+$/);
        expect(runtime.version).toMatch(/^\d+\.\d+\.\d+$/);
      });
    });

    test("reads int64 inputs and external data from memory", async () => {
      const { y } = await run(embedding, { ids: int64([1, 2], [3, 1]) });
      expect(y).toEqual(float32([1, 2, 3], [30, 31, 32, 10, 11, 12]));
    });

    test("reads external data that is a view into a larger buffer", async () => {
      const { graph, externalData } = inMemory(embedding);
      const bytes = externalData[0]!.data as Uint8Array;
      const larger = new Uint8Array(bytes.length + 24);
      larger.set(bytes, 8);
      const data = larger.subarray(8, 8 + bytes.length);
      const { y } = await use(async (runtime) => {
        const session = await runtime.createSession({ graph, externalData: [{ ...externalData[0]!, data }] });
        larger.fill(0);
        return session.run({ ids: int64([1, 1], [2]) }).finally(() => session.dispose());
      });
      expect(y!.data).toEqual(Float32Array.of(20, 21, 22));
    });

    test("takes and gives tensors without elements", async () => {
      const result = await run(cache, { past: float32([0, 2], []), x: float32([1, 2], [5, 6]) });
      expect(result).toEqual({ present: float32([1, 2], [5, 6]), old: float32([0, 2], []) });
    });

    test.each([
      { type: "int32", data: Int32Array.of(-7, 7) },
      { type: "int64", data: BigInt64Array.of(-7n, 2n ** 40n) },
      { type: "uint8", data: Uint8Array.of(0, 255) },
      { type: "bool", data: Uint8Array.of(0, 1) },
    ] as const)("passes $type through", async ({ type, data }) => {
      const values = { inputs: { x: [type, [2]] as const }, outputs: { y: [type, [2]] as const } };
      const { y } = await run({ ...identity, ...values }, { x: { type, dims: [2], data } });
      expect(y).toEqual({ type, dims: [2], data });
    });

    test.skipIf(!float64)("computes in float64", async () => {
      const square: TinyModel = {
        nodes: [["MatMul", ["x", "x"], ["y"]]],
        inputs: { x: ["float64", [1, 1]] },
        outputs: { y: ["float64", [1, 1]] },
      };
      const { y } = await run(square, {
        x: { type: "float64", dims: [1, 1], data: Float64Array.of(1 + 2 ** -40) },
      });
      expect(y!.data[0]).toBe((1 + 2 ** -40) ** 2);
    });

    test("gives the same without optimisation, to rounding", async () => {
      await use(async (runtime) => {
        const session = await runtime.createSession(inMemory(mixer));
        const throwaway = await runtime.createSession(inMemory(mixer), { throwaway: true });
        const [y, z] = [(await session.run(mixerFeeds)).y!.data, (await throwaway.run(mixerFeeds)).y!.data];
        y.forEach((value, index) => expect(value).toBeCloseTo(z[index] as number, 5));
        await throwaway.dispose();
        await session.dispose();
      });
    });

    test("keeps results valid after the next run, and runs that overlap apart", async () => {
      await use(async (runtime) => {
        const session = await runtime.createSession(inMemory(identity));
        const runs = [1, 2, 3].map((value) => session.run({ x: float32([1], [value]) }));
        const results = await Promise.all(runs);
        await session.run({ x: float32([1], [4]) });
        await session.dispose();
        expect(results.map(({ y }) => y!.data[0])).toEqual([1, 2, 3]);
      });
    });

    test("finishes the runs under way when disposed of, refuses later ones, and may be disposed of twice", async () => {
      await use(async (runtime) => {
        const session = await runtime.createSession(inMemory(identity));
        const running = session.run({ x: float32([1], [1]) });
        await Promise.all([session.dispose(), session.dispose()]);
        await session.dispose();
        expect((await running).y!.data[0]).toBe(1);
        await expect(session.run({ x: float32([1], [1]) })).rejects.toThrow();
      });
    });

    test.each([
      ["no protobuf", new Uint8Array(100).fill(0xff)],
      ["nothing", new Uint8Array()],
      ["an unknown operator", inMemory({ ...identity, nodes: [["Frobnicate", ["x"], ["y"]]] }).graph],
      ["external data that is nowhere", inMemory(embedding).graph],
    ])("refuses a model of %s, and runs the next", async (_, graph) => {
      await use(async (runtime) => {
        await expect(runtime.createSession({ graph, externalData: [] })).rejects.toThrow();
        expect((await runOn(runtime, identity, { x: float32([1], [1]) })).y!.data[0]).toBe(1);
      });
    });

    test.each([
      ["missing inputs", {}],
      ["inputs of another rank", { x: float32([1, 1], [1]) }],
      ["inputs of another type", { x: int64([1], [1]) }],
    ])("refuses %s, and runs the next", async (_, feeds) => {
      await use(async (runtime) => {
        const session = await runtime.createSession(inMemory(identity));
        await expect(session.run(feeds)).rejects.toThrow();
        expect((await session.run({ x: float32([1], [1]) })).y!.data[0]).toBe(1);
        await session.dispose();
      });
    });

    test("says which input does not fit its dimensions", async () => {
      const refused = run(identity, { x: { type: "float32", dims: [2], data: new Float32Array(3) } });
      await expect(refused).rejects.toThrow(PlateauError);
      await expect(refused).rejects.toThrow("Input x holds 3 elements");
    });
  });
}

/** Outputs of one run in a session of its own. */
export async function runOn(runtime: Runtime, tiny: TinyModel, feeds: Feeds) {
  const session = await runtime.createSession(inMemory(tiny));
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}
