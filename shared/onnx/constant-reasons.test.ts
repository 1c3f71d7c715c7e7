import type { TensorProto } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { constantReason } from "./constant-reasons.ts";
import { indexGraph, makeContrib, makeNode, type Graph, type Node } from "./graph.ts";
import { findUses } from "./uses.ts";
import { constant } from "./weights.ts";

function reason(tensor: TensorProto, ...nodes: readonly Node[]): Promise<string | null> {
  const graph: Graph = {
    opset: 17,
    irVersion: 8,
    producer: "test",
    inputs: [],
    outputs: ["y"],
    nodes: [...nodes],
    initializers: new Map([[tensor.name, tensor]]),
    sources: new Map(),
  };
  return constantReason(graph, tensor, findUses(graph, indexGraph(graph), tensor.name));
}

const floats = (dims: readonly number[], value: (i: number) => number, name = "w") =>
  constant(
    name,
    dims,
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
  );
const weight = (...dims: number[]) => floats(dims, (i) => Math.sin(7 * i) + 0.1);
const add = makeNode("Add", ["x", "w"], ["y"]);
const multiply = makeNode("Mul", ["x", "w"], ["y"]);
const product = makeNode("MatMul", ["x", "w"], ["y"]);

test("weights, biases and scales are parameters", async () => {
  expect(await reason(weight(4, 4), product)).toBeNull();
  expect(await reason(weight(4), add)).toBeNull();
  expect(await reason(weight(1, 1, 4), multiply)).toBeNull();
  expect(
    await reason(
      floats([4], () => 1),
      multiply,
    ),
  ).toBeNull();
  expect(
    await reason(
      floats([4], () => 0),
      add,
    ),
  ).toBeNull();
  expect(
    await reason(
      floats([4, 4], () => 1),
      product,
    ),
  ).toBeNull();
});

test("scalars and what nobody reads are none", async () => {
  expect(await reason(weight(), multiply)).toBe("a scalar");
  expect(await reason(weight(1, 1), multiply)).toBe("a scalar");
  expect(await reason(weight(4))).toBe("unused");
});

describe("settings", () => {
  test("of an operator are none, unless they are weights elsewhere", async () => {
    const clip = makeNode("Clip", ["x", "w"], ["y"]);
    expect(await reason(weight(4), clip)).toBe("a setting of Clip");
    expect(await reason(weight(4), clip, makeNode("Pow", ["x", "w"], ["z"]))).toBe("a setting of Clip");
    expect(await reason(weight(4), clip, add)).toBeNull();
    // The base of a power is no setting.
    expect(await reason(weight(4), makeNode("Pow", ["w", "x"], ["y"]))).toBeNull();
  });

  test.each<[Node]>([
    [makeNode("DequantizeLinear", ["q", "w"], ["y"])],
    [makeContrib("MatMulNBits", ["x", "q", "w"], ["y"])],
    [makeContrib("GatherBlockQuantized", ["q", "ids", "w"], ["y"])],
    [makeContrib("RotaryEmbedding", ["x", "ids", "cos", "w"], ["y"])],
    [makeContrib("GroupQueryAttention", ["q", "k", "v", "", "", "", "", "w"], ["y"])],
  ])("$opType", async (node) => {
    expect(await reason(weight(4, 4), node)).toBe(`a setting of ${node.opType}`);
  });
});

describe("masks", () => {
  const causal = floats([1, 1, 4, 4], (i) => (i % 4 > Math.floor(i / 4) ? -3.4e38 : 0));

  test("closed places are hugely negative, open ones zero or one", async () => {
    expect(await reason(causal, makeNode("Slice", ["w", "from", "to"], ["s"]))).toBe("a mask");
    expect(
      await reason(
        floats([2, 8], (i) => (i % 2 ? -Infinity : 1)),
        add,
      ),
    ).toBe("a mask");
  });

  test("not where anything else is among the values or the readers", async () => {
    expect(
      await reason(
        floats([8], (i) => (i === 3 ? -1e4 : 0.5)),
        add,
      ),
    ).toBeNull();
    expect(
      await reason(
        floats([8], () => -900),
        add,
      ),
    ).toBeNull();
    expect(await reason(causal, makeNode("MatMul", ["x", "w"], ["y"]))).toBeNull();
  });
});

describe("rotary embeddings", () => {
  const frequencies = (count: number, name = "w", base = 10000) =>
    floats([1, count, 1], (i) => base ** (-i / count), name);

  test("frequencies fall geometrically from 1", async () => {
    expect(await reason(frequencies(8), product)).toBe("rotary frequencies");
    expect(await reason(frequencies(8, "w", 500000), product)).toBe("rotary frequencies");
    expect(
      await reason(
        floats([8], (i) => 0.5 * 0.3 ** i),
        product,
      ),
    ).toBeNull();
    expect(
      await reason(
        floats([8], (i) => 2 ** i),
        product,
      ),
    ).toBeNull();
    expect(
      await reason(
        floats([8], (i) => (i === 5 ? 0.2 : 10 ** (-i / 2))),
        product,
      ),
    ).toBeNull();
  });

  test("two or three may be chance, unless a name says what they are", async () => {
    expect(await reason(frequencies(2), product)).toBeNull();
    expect(await reason(frequencies(2, "rotary_emb.inv_freq"), makeNode("MatMul", ["x", "rotary_emb.inv_freq"], ["y"]))).toBe("rotary frequencies"); // prettier-ignore
    const named = makeNode("MatMul", ["x", "w"], ["y"], [], "/model/rotary_emb/MatMul");
    expect(await reason(frequencies(3), named)).toBe("rotary frequencies");
  });

  const angle = (i: number, width: number) => Math.floor(i / width) * 10000 ** (-(i % width) / width);
  const gather = makeNode("Gather", ["w", "ids"], ["y"]);

  test.each<[string, (angle: number) => number]>([
    ["cosines", Math.cos],
    ["sines", Math.sin],
  ])("tables of %s", async (_, f) => {
    expect(
      await reason(
        floats([64, 6], (i) => f(angle(i, 6))),
        gather,
      ),
    ).toBe("a table of sines and cosines");
    expect(await reason(floats([1, 1, 64, 6], (i) => f(angle(i, 6))), gather)).toBe("a table of sines and cosines"); // prettier-ignore
  });

  test("sines and cosines in turn, as in fixed position embeddings", async () => {
    const both = floats([64, 6], (i) => (i % 2 ? Math.cos : Math.sin)(angle(i - (i % 2), 6)));
    expect(await reason(both, gather)).toBe("a table of sines and cosines");
  });

  test("not tables that were trained, nor ones or zeros", async () => {
    expect(await reason(weight(64, 6), gather)).toBeNull();
    expect(
      await reason(
        floats([64, 6], (i) => Math.cos(angle(i, 6)) + (i === 9 ? 0.1 : 0)),
        gather,
      ),
    ).toBeNull();
    expect(
      await reason(
        floats([64, 6], () => 1),
        gather,
      ),
    ).toBeNull();
    expect(
      await reason(
        floats([64, 6], () => 0),
        gather,
      ),
    ).toBeNull();
    // Two rows tell nothing of a table of sines and cosines.
    expect(
      await reason(
        floats([2, 6], (i) => Math.cos(angle(i, 6))),
        gather,
      ),
    ).toBeNull();
  });
});

test("whole numbers are judged by their use alone", async () => {
  expect(await reason(constant("w", [3], [0, 1, -10000]), add)).toBeNull();
});
