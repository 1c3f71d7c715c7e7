/** Reading untrusted bytes: weights stay where they are, nothing is lost, and every refusal says why. */
import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import {
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  type GraphProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
} from "onnx-buf";
import { describe, expect, test } from "vitest";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { startNodeWasmRuntime } from "../../worker/local/runtimes/wasm.ts";
import { PlateauError } from "../errors.ts";
import { ModelFormatError, UnsupportedModelError } from "./error.ts";
import { readModel, type ReadOptions } from "./read.ts";
import { MAX_SKELETON_BYTES, readSkeleton } from "./skeleton.ts";
import { bytesSource, type ByteSource } from "./source.ts";
import { DataType, externalPointer, readValues } from "./weights.ts";
import { writeModel } from "./write.ts";

/** Fields of a message, rather than a message. */
type Fields<S extends DescMessage> = Extract<MessageInitShape<S>, { $typeName?: never }>;
type TensorInit = Fields<typeof TensorProtoSchema>;
type NodeInit = Fields<typeof NodeProtoSchema>;
type GraphInit = Fields<typeof GraphProtoSchema>;
type ModelInit = Fields<typeof ModelProtoSchema>;

const identity: NodeInit = { opType: "Identity", input: ["x"], output: ["y"] };

function value(name: string, dims: readonly bigint[], elemType: number = DataType.FLOAT) {
  const shape = { dim: dims.map((size) => ({ value: { case: "dimValue" as const, value: size } })) };
  return { name, type: { value: { case: "tensorType" as const, value: { elemType, shape } } } };
}

/** A serialised model, y = x [2] unless the graph says otherwise. */
function encode(graph: GraphInit = {}, model: ModelInit = {}): Uint8Array<ArrayBuffer> {
  const whole = { name: "g", node: [identity], input: [value("x", [2n])], output: [{ name: "y" }], ...graph };
  const proto = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ version: 17n }],
    graph: whole,
    ...model,
  });
  return toBinary(ModelProtoSchema, proto);
}

function read(bytes: Uint8Array, options?: ReadOptions) {
  return readModel({ ...bytesSource(bytes), contents: bytes }, options);
}

function floats(name: string, values: Float32Array<ArrayBuffer>, dims = [values.length]): TensorInit {
  return { name, dataType: DataType.FLOAT, dims: dims.map(BigInt), rawData: new Uint8Array(values.buffer) };
}

const ramp = (length: number) => Float32Array.from({ length }, (_, i) => i / 7 - 3);

describe("weights stay in the file", () => {
  const [raw, listed] = [ramp(5 * 2 ** 20), ramp(2 ** 16)];
  const bytes = encode({
    initializer: [
      floats("small", ramp(8)),
      floats("raw", raw, [2560, 2048]),
      { name: "listed", dataType: DataType.FLOAT, dims: [BigInt(listed.length)], floatData: [...listed] },
    ],
  });
  let handedOut = 0;
  const counting: ByteSource = {
    size: bytes.length,
    read(offset, length) {
      handedOut += length;
      return bytes.subarray(offset, offset + length);
    },
  };

  test("of 20 MB a few ranges are read", async () => {
    handedOut = 0;
    expect(bytes.length).toBeGreaterThan(20e6);
    const { initializers } = await readModel(counting);
    expect(handedOut).toBeLessThan(1e6);
    expect(initializers.get("small")!.rawData.byteLength).toBe(32);
    expect(externalPointer(initializers.get("small")!)).toBeNull();
  });

  test.each([
    ["raw", raw],
    ["listed", listed],
  ])("%s values are pointed at, and are read from there", async (name, values) => {
    const { initializers, sources } = await readModel(counting);
    const tensor = initializers.get(name)!;
    const { location, offset, length } = externalPointer(tensor)!;
    expect(length).toBe(values.byteLength);
    expect(Buffer.from(values.buffer).equals(bytes.subarray(offset, offset + length!))).toBe(true);
    expect(sources.get(location)).toBe(counting);
    handedOut = 0;
    expect(await readValues(tensor, sources, 1000, 3)).toEqual(values.slice(1000, 1003));
    expect(handedOut).toBe(12);
  });

  test("what surrounds the weights is kept as it is", async () => {
    const skeleton = fromBinary(ModelProtoSchema, await readSkeleton(counting));
    for (const tensor of skeleton.graph!.initializer) {
      const pointer = externalPointer(tensor);
      if (!pointer) continue;
      const data = bytes.slice(pointer.offset, pointer.offset + pointer.length!);
      if (tensor.name === "raw") tensor.rawData = data;
      else tensor.floatData = [...new Float32Array(data.buffer)];
      tensor.externalData = [];
      tensor.dataLocation = DataLocation.DEFAULT;
    }
    // The original does not say where data lies by default: a tag and a value more for each weight.
    expect(toBinary(ModelProtoSchema, skeleton)).toHaveLength(bytes.length + 4);
  });
});

test("fields that a later ONNX adds survive reading, those of nodes writing too", async () => {
  const field = (no: number) => [{ no, wireType: 2, data: Uint8Array.of(3, 1, 2, 3) }];
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ version: 17n }],
    graph: { name: "g", node: [identity], input: [value("x", [2n])], output: [{ name: "y" }] },
  });
  model.$unknown = field(700);
  model.graph!.node[0]!.$unknown = field(800);
  const bytes = toBinary(ModelProtoSchema, model);
  expect(await readSkeleton(bytesSource(bytes))).toEqual(bytes);
  const written = fromBinary(ModelProtoSchema, writeModel(await read(bytes)).graph);
  expect(written.graph!.node[0]!.$unknown).toEqual(field(800));
});

describe("written models run", () => {
  const x = { type: "float32", dims: [40], data: ramp(40) } as const;
  const inputs = [value("x", [40n]), value("flag", [], DataType.BOOL)];
  const constantNode = (tensor: TensorInit, output: string): NodeInit => ({
    opType: "Constant",
    output: [output],
    attribute: [{ name: "value", type: AttributeType.TENSOR, t: tensor }],
  });
  const branch = (name: string, nodes: NodeInit[], initializer: TensorInit[] = []) => ({
    name,
    type: AttributeType.GRAPH,
    g: { name, node: nodes, initializer, output: [{ name: `${name}/y` }] },
  });

  test.each([
    ["native", () => createNodeRuntime({ threads: 1 })],
    ["WebAssembly", () => startNodeWasmRuntime()],
  ])("with weights in initialisers, Constant nodes and subgraphs: %s", async (_, start) => {
    const [a, b, c, d] = [1, 2, 3, 4].map((scale) => ramp(40).map((v) => v * scale));
    const bytes = encode({
      input: inputs,
      initializer: [floats("a", a!)],
      node: [
        constantNode(floats("", b!), "b"),
        {
          opType: "If",
          input: ["flag"],
          output: ["branched"],
          attribute: [
            branch(
              "then_branch",
              [{ opType: "Add", input: ["x", "c"], output: ["then_branch/y"] }],
              [floats("c", c!)],
            ),
            branch("else_branch", [
              constantNode(floats("", d!), "d"),
              { opType: "Add", input: ["x", "d"], output: ["else_branch/y"] },
            ]),
          ],
        },
        { opType: "Add", input: ["branched", "a"], output: ["sum"] },
        { opType: "Add", input: ["sum", "b"], output: ["y"] },
      ],
    });
    const written = writeModel(await read(bytes));
    expect(written.externalData).toEqual([{ path: "weights-0", data: bytes }]);
    expect(
      Buffer.from(written.graph)
        .toString("latin1")
        .match(/weights-0/g),
    ).toHaveLength(2);
    const session = await (await start()).createSession(written);
    for (const [flag, taken] of [
      [1, c!],
      [0, d!],
    ] as const) {
      const { y } = await session.run({ x, flag: { type: "bool", dims: [], data: Uint8Array.of(flag) } });
      expect(y!.data).toEqual(
        x.data.map((v, i) => Math.fround(Math.fround(v + taken[i]!) + a![i]!) + b![i]!),
      );
    }
    await session.dispose();
  });

  test("with weights in files beside them", async () => {
    const weights = new Uint8Array(ramp(50).buffer);
    const bytes = encode({
      input: [value("x", [40n])],
      initializer: [external({ dims: [40n] }, { location: "data/w.bin", offset: "40", length: "160" })],
      node: [{ opType: "Add", input: ["x", "w"], output: ["y"] }],
    });
    const asked: string[] = [];
    const graph = await read(bytes, {
      external: async (location) => {
        asked.push(location);
        return { ...bytesSource(weights), contents: weights };
      },
    });
    expect(asked).toEqual(["data/w.bin"]);
    const session = await (await createNodeRuntime({ threads: 1 })).createSession(writeModel(graph));
    expect((await session.run({ x })).y!.data).toEqual(x.data.map((v, i) => v + ramp(50)[i + 10]!));
    await session.dispose();
  });

  test("not where the runtime cannot read the weights", async () => {
    const graph = await readModel(bytesSource(encode({ initializer: [floats("w", ramp(40))] })));
    expect(() => writeModel(graph)).toThrow(UnsupportedModelError);
  });
});

function external(tensor: TensorInit, entries: Record<string, string>): TensorInit {
  return {
    name: "w",
    dataType: DataType.FLOAT,
    dims: [8n],
    dataLocation: DataLocation.EXTERNAL,
    externalData: Object.entries(entries).map(([key, entry]) => ({ key, value: entry })),
    ...tensor,
  };
}

describe("bytes that are no model", () => {
  test("cut anywhere, a model is refused", async () => {
    const bytes = encode({ initializer: [floats("w", ramp(100)), floats("v", ramp(4))] });
    for (let length = 0; length < bytes.length; length++) {
      await expect(read(bytes.subarray(0, length)), `${length} bytes`).rejects.toThrow(PlateauError);
    }
    await expect(read(bytes.subarray(0, 60))).rejects.toThrow(
      /^Not a readable ONNX model: field 7 of a model at byte 2 claims \d+ bytes but only \d+ follow; the file is truncated/,
    );
  });

  test("random bytes are refused", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await expect(read(bytes)).rejects.toThrow(ModelFormatError);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  test("a source that ends early is refused", async () => {
    const bytes = encode();
    const ended = {
      size: bytes.length + 100,
      read: (from: number, n: number) => bytes.subarray(from, from + n),
    };
    await expect(readModel(ended)).rejects.toThrow("the file ended at byte");
  });

  test("bombs are refused before they are held in memory", async () => {
    const field = new Uint8Array(2 ** 20);
    // doc_string of a model, a mebibyte long.
    field.set([0x32, 0xfc, 0xff, 0x3f]);
    let handedOut = 0;
    const endless: ByteSource = {
      size: 2 ** 40,
      read(offset, length) {
        handedOut += length;
        const from = offset % field.length;
        return from + length <= field.length ? field.subarray(from, from + length) : field.slice(0, length);
      },
    };
    await expect(readModel(endless)).rejects.toThrow("the graph without its weights is larger than 64 MiB");
    expect(handedOut).toBeLessThan(2 * MAX_SKELETON_BYTES);
    const claim = { size: 2 ** 31, read: () => new Uint8Array(20).fill(0xff, 1, 5).with(0, 0x32).with(5, 3) };
    await expect(readModel(claim)).rejects.toThrow("a field of 1073741829 bytes at byte 0 is no part of");
  });

  test("a crowd of empty constants in a subgraph is refused without exhausting the stack", async () => {
    const crowd: GraphInit = { name: "b", initializer: Array.from({ length: 150_000 }, () => ({})) };
    const bytes = encode({
      node: [{ opType: "If", input: ["x"], output: ["y"], attribute: [{ name: "then_branch", g: crowd }] }],
    });
    await expect(read(bytes)).rejects.toThrow(ModelFormatError);
  });

  test("forty thousand nodes are read", async () => {
    const chain = (length: number) => encode({ node: Array<NodeInit>(length).fill(identity) });
    expect((await read(chain(40_000))).nodes).toHaveLength(40_000);
  });

  test("graphs nested a hundred deep are refused, three deep are read", async () => {
    const nested = (depth: number): GraphInit => ({
      name: "g",
      node: [
        depth === 0
          ? identity
          : {
              opType: "If",
              input: ["x"],
              output: ["y"],
              attribute: [{ name: "then_branch", type: AttributeType.GRAPH, g: nested(depth - 1) }],
            },
      ],
      output: [{ name: "y" }],
    });
    await expect(read(encode(nested(100)))).rejects.toThrow("graphs are nested more than 8 deep");
    expect((await read(encode(nested(3)))).nodes).toHaveLength(1);
  });
});

describe("constants that disagree with the file", () => {
  test.each<[string, TensorInit, string]>([
    ["too few raw bytes", { dims: [3n], rawData: new Uint8Array(8) }, "shape [3] holds 8 bytes, not 12"],
    ["too many", { dims: [1n], rawData: new Uint8Array(8) }, "shape [1] holds 8 bytes, not 4"],
    [
      "too few of a long one",
      { dims: [99n], rawData: new Uint8Array(200) },
      "needs 396 bytes, but 200 are there",
    ],
    ["too few listed values", { dims: [3n], floatData: [1, 2] }, "shape [3] holds 2 values, not 3"],
    ["no values", { dims: [2n, 2n] }, "holds 0 values, not 4"],
    [
      "a type without raw data",
      { dataType: 8, dims: [99n], rawData: new Uint8Array(200) },
      "needs NaN bytes",
    ],
    ["a negative dimension", { dims: [-1n] }, "constant 'w' has a dimension of -1"],
    ["an absurd dimension", { dims: [2n ** 40n, 0n] }, "constant 'w' has a dimension of 1099511627776"],
    [
      "an absurd product",
      { dims: [2n ** 31n, 2n ** 31n], floatData: [1] },
      "holds 1 values, not 4611686018427388000",
    ],
    ["too many axes", { dims: Array<bigint>(9).fill(1n), floatData: [1] }, "constant 'w' has 9 axes"],
  ])("%s", async (_, tensor, message) => {
    const bytes = encode({ initializer: [{ name: "w", dataType: DataType.FLOAT, ...tensor }] });
    await expect(read(bytes)).rejects.toThrow(ModelFormatError);
    await expect(read(bytes)).rejects.toThrow(message);
  });

  test("strings, pairs of half-bytes and empty tensors are none of these", async () => {
    const text = { name: "s", dataType: 8, dims: [2n], stringData: [Uint8Array.of(65), Uint8Array.of(66)] };
    const empty = { name: "e", dataType: DataType.INT64, dims: [0n] };
    const packed = { name: "p", dataType: DataType.INT4, dims: [3n], int32Data: [0x21, 3] };
    const { initializers } = await read(encode({ initializer: [text, packed, empty] }));
    expect([...initializers.keys()]).toEqual(["s", "p", "e"]);
  });
});

describe("external data", () => {
  const file = { external: async () => bytesSource(new Uint8Array(40)) };

  test.each([
    "/etc/passwd",
    "../w.bin",
    "data/../../w.bin",
    "..",
    "data\\w.bin",
    "C:\\w.bin",
    "c:w.bin",
    "https://x.org/w",
  ])("at %s is outside the model's folder", async (location) => {
    const bytes = encode({ initializer: [external({}, { location })] });
    await expect(read(bytes, file)).rejects.toThrow(
      `Constant 'w' lies at '${location}', outside the model's folder.`,
    );
  });

  test.each(["w.bin", "data/w.bin", "..w", "model..data"])("at %s is beside it", async (location) => {
    const graph = await read(encode({ initializer: [external({}, { location })] }), file);
    expect(graph.sources.has(location)).toBe(true);
  });

  test("that is not there is named", async () => {
    const bytes = encode({ initializer: [external({}, { location: "w.bin" })] });
    const message = "Constant 'w' lies in the file 'w.bin', which is not there. Put it beside the model.";
    await expect(read(bytes)).rejects.toThrow(message);
    await expect(read(bytes, { external: async () => undefined })).rejects.toThrow(message);
  });

  test.each<[string, Record<string, string>, string]>([
    ["beyond the end", { offset: "16" }, "needs 32 bytes, but 24 are there"],
    ["from far beyond the end", { offset: "9007199254740000" }, "needs 32 bytes, but 0 are there"],
    ["of another length", { length: "31" }, "needs 32 bytes, but 31 are there"],
    ["at a negative offset", { offset: "-8" }, "an external offset or length that is no number"],
    ["at no number", { offset: "here" }, "an external offset or length that is no number"],
    ["of a fractional length", { length: "3.5" }, "an external offset or length that is no number"],
  ])("%s is refused", async (_, entries, message) => {
    const bytes = encode({ initializer: [external({}, { location: "w.bin", ...entries })] });
    await expect(read(bytes, file)).rejects.toThrow(ModelFormatError);
    await expect(read(bytes, file)).rejects.toThrow(message);
  });

  test("of a Constant node in a subgraph is checked as well", async () => {
    const attribute = [{ name: "value", type: AttributeType.TENSOR, t: external({}, { location: "/w" }) }];
    const g: GraphInit = { name: "b", node: [{ opType: "Constant", output: ["c"], attribute }] };
    const node: NodeInit = {
      opType: "If",
      input: ["x"],
      output: ["y"],
      attribute: [{ name: "then_branch", g }],
    };
    await expect(read(encode({ node: [node] }))).rejects.toThrow("outside the model's folder");
  });
});

describe("models that Plateau cannot evaluate", () => {
  const node = (opType: string, more: NodeInit = {}): NodeInit => ({
    ...identity,
    opType,
    name: "n",
    ...more,
  });

  test.each<[string, GraphInit, ModelInit, string]>([
    [
      "an old operator set",
      {},
      { opsetImport: [{ version: 10n }] },
      "uses ONNX operator set 10; Plateau reads 11",
    ],
    [
      "no operator set",
      {},
      { opsetImport: [{ domain: "com.microsoft", version: 1n }] },
      "operator set (none)",
    ],
    [
      "a custom domain",
      { node: [node("Mine", { domain: "my.own" })] },
      {},
      "my.own.Mine 'n' is a custom operator",
    ],
    ["a loop", { node: [node("Loop")] }, {}, "Loop 'n' may never end"],
    ["randomness", { node: [node("RandomNormalLike")] }, {}, "RandomNormalLike 'n' is random"],
    ["local functions", {}, { functions: [{ name: "f" }] }, "defines its own functions ('f')"],
    ["sparse constants", { sparseInitializer: [{}] }, {}, "has sparse constants"],
    [
      "sparse Constant nodes",
      { node: [node("Constant", { attribute: [{ name: "sparse_value" }] })] },
      {},
      "Constant 'n' is sparse",
    ],
    ["inputs that are no tensors", { input: [{ name: "x" }] }, {}, "Input 'x' is not a tensor"],
  ])("%s", async (_, graph, model, message) => {
    await expect(read(encode(graph, model))).rejects.toThrow(UnsupportedModelError);
    await expect(read(encode(graph, model))).rejects.toThrow(message);
  });

  test("a loop in a branch", async () => {
    const g: GraphInit = { name: "b", node: [node("Scan")] };
    const branching = node("If", { attribute: [{ name: "else_branch", g }] });
    await expect(read(encode({ node: [branching] }))).rejects.toThrow("Scan 'n' may never end");
  });

  test("no graph, or an empty one", async () => {
    await expect(read(encode({ node: [] }))).rejects.toThrow("it holds no graph");
    await expect(read(Uint8Array.of(0x08, 0x08))).rejects.toThrow("it holds no graph");
  });
});

test("inputs: sizes, names of sizes, and constants that old exporters list there too", async () => {
  const dims = [
    { value: { case: "dimParam" as const, value: "batch" } },
    { value: { case: "dimValue" as const, value: 7n } },
    {},
  ];
  const ids = { elemType: DataType.INT64, shape: { dim: dims } };
  const graph = await read(
    encode(
      {
        input: [{ name: "ids", type: { value: { case: "tensorType", value: ids } } }, value("w", [2n])],
        initializer: [floats("w", ramp(2))],
      },
      { producerName: "pytorch", producerVersion: "2.9" },
    ),
  );
  expect(graph.inputs).toEqual([{ name: "ids", elementType: DataType.INT64, dims: ["batch", 7, null] }]);
  expect(graph).toMatchObject({ opset: 17, irVersion: 8, producer: "pytorch 2.9", outputs: ["y"] });
  const written = fromBinary(ModelProtoSchema, writeModel(graph).graph);
  const again = await read(toBinary(ModelProtoSchema, written));
  expect(again.inputs).toEqual(graph.inputs);
});
