import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  type ModelProto,
  type TensorProto,
} from "onnx-buf";
import { expect, test } from "vitest";
import { randomSource } from "../../../test/support/random.ts";
import { bindings } from "../testing/bindings.ts";
import { toyFile, zooModel } from "../testing/models.ts";
import { api, problemOf, tokenFor } from "../testing/request.ts";
import { complete, sendAll } from "../testing/upload.ts";
import { listParts } from "./parts.ts";

/** Tries to make a checkpoint of the file. Whatever becomes of it, nothing pending is left. */
async function tried(bytes: Uint8Array): Promise<Response> {
  const token = await tokenFor(["submit"]);
  const id = await sendAll(bytes, { token });
  const response = await complete(id, token);
  expect(await listParts(bindings.BLOBS, id)).toEqual([]);
  if (response.status !== 201) expect((await api(`checkpoints/${id}`, { token })).status).toBe(404);
  return response;
}

/** The toy with something changed. */
function edited(change: (model: ModelProto) => void): Uint8Array {
  const model = fromBinary(ModelProtoSchema, toyFile(1));
  change(model);
  return toBinary(ModelProtoSchema, model);
}

/** The toy with its table of words changed, whose shape is [11, 6]. */
function withTable(change: (table: TensorProto) => void): Uint8Array {
  return edited(({ graph }) => change(graph!.initializer.find(({ name }) => name === "words.weight")!));
}

function external(table: TensorProto, entries: Record<string, string>): void {
  table.rawData = new Uint8Array(0);
  table.dataLocation = DataLocation.EXTERNAL;
  table.externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
}

function tableOfDims(...dims: bigint[]): Uint8Array {
  return withTable((table) => (table.dims = dims));
}

const node = (opType: string, domain = "") =>
  edited(({ graph }) => {
    graph!.node.unshift(create(NodeProtoSchema, { opType, domain, input: ["input_ids"], output: ["extra"] }));
  });

test.each<[string, () => Uint8Array | Promise<Uint8Array>, string]>([
  ["text", () => new TextEncoder().encode("<!doctype html><title>404</title>"), "Not a readable ONNX model"],
  ["zeros", () => new Uint8Array(1000), "Not a readable ONNX model"],
  [
    "a zip file",
    () => new TextEncoder().encode("PK\u0003\u0004".padEnd(100, "x")),
    "Not a readable ONNX model",
  ],
  [
    "an empty model",
    () => toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n })),
    "no graph",
  ],
  [
    "the first half of one",
    async () => (await zooModel("adamw-d32-s1-step-9000")).slice(0, 60_000),
    "truncated",
  ],
  ["one without its last byte", () => toyFile(1).slice(0, -1), "Not a readable ONNX model"],
  ["one with more behind it", () => Uint8Array.of(...toyFile(1), 0x0a, 0xff), "Not a readable ONNX model"],
  ["weights elsewhere", () => withTable((table) => external(table, { location: "big.bin" })), "'big.bin'"],
  ["weights in /etc", () => withTable((table) => external(table, { location: "/etc/passwd" })), "outside"],
  ["weights above", () => withTable((table) => external(table, { location: "../../x" })), "outside"],
  ["weights on the web", () => withTable((table) => external(table, { location: "http://x/y" })), "outside"],
  [
    "weights beyond its own end",
    () => withTable((table) => external(table, { location: "", offset: "999999", length: "264" })),
    "needs 264 bytes, but 0 are there",
  ],
  [
    "weights before its beginning",
    () => withTable((table) => external(table, { location: "", offset: "-264", length: "264" })),
    "offset",
  ],
  ["a table that claims more", () => tableOfDims(2_000_000_000n, 6n), "needs 48000000000 bytes"],
  [
    "a table beyond all numbers",
    () => tableOfDims(2n ** 31n, 2n ** 31n, 2n ** 31n, 2n ** 31n),
    "words.weight",
  ],
  ["a dimension of 2⁶²", () => tableOfDims(2n ** 62n, 6n), "dimension of 4611686018427387904"],
  ["a negative dimension", () => tableOfDims(-1n, 6n), "dimension of -1"],
  ["a table of nine axes", () => tableOfDims(...Array<bigint>(9).fill(1n)), "9 axes"],
  ["an element type there is none of", () => withTable((table) => (table.dataType = 99)), "words.weight"],
  ["an operator of somebody's own", () => node("Evil", "my.domain"), "'my.domain'"],
  ["a loop", () => node("Loop"), "may never end"],
  ["randomness", () => node("RandomNormalLike"), "is random"],
  [
    "an old operator set",
    () => edited((model) => (model.opsetImport = [create(OperatorSetIdProtoSchema, { version: 9n })])),
    "operator set 9",
  ],
  ["an unknown input", () => edited(({ graph }) => (graph!.input[0]!.name = "pixels")), "token ids"],
  [
    "no parameters",
    () =>
      edited(({ graph }) => {
        graph!.initializer = [];
        graph!.node = [
          create(NodeProtoSchema, { opType: "Identity", input: ["input_ids"], output: ["logits"] }),
        ];
      }),
    "no trainable parameters",
  ],
  [
    "millions of empty nodes",
    () => {
      const nodes = new Uint8Array(6 * 2 ** 20);
      for (let i = 0; i < nodes.length; i += 2) nodes[i] = 0x0a;
      return new BinaryWriter().tag(7, WireType.LengthDelimited).bytes(nodes).finish();
    },
    "too much memory",
  ],
  [
    "more constants than a model has",
    () =>
      edited(({ graph }) => {
        for (let i = 0; i < 10_001; i++) {
          graph!.initializer.push(create(TensorProtoSchema, { name: `c${i}`, dataType: 1, floatData: [1] }));
        }
      }),
    "constants",
  ],
])("refuses %s", async (_, make, reason) => {
  const problem = await problemOf(await tried(await make()));
  expect(problem).toMatchObject({
    status: 422,
    code: "refused-model",
    detail: expect.stringContaining(reason),
  });
  expect(problem.detail).not.toContain("could not be understood");
});

/** The file cut short, or with up to eight bytes changed: a bit flipped, another value, or a run of one value. */
function damaged(file: Uint8Array, seed: number): Uint8Array {
  const random = randomSource(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  if (below(8) === 0) return file.slice(0, 1 + below(file.length - 1));
  const bytes = file.slice();
  for (let i = 0; i < 1 + below(8); i++) {
    const at = below(bytes.length);
    const way = below(3);
    if (way === 0) bytes[at]! ^= 1 << below(8);
    else if (way === 1) bytes[at] = below(256);
    else bytes.fill(below(2) * 255, at, at + 1 + below(10));
  }
  return bytes;
}

test("damaged models: each a checkpoint, or refused with a reason", async () => {
  const file = toyFile(1);
  let [accepted, refused] = [0, 0];
  for (let seed = 0; seed < 60; seed++) {
    const response = await tried(damaged(file, seed));
    if (response.status === 201) {
      accepted++;
      await response.body?.cancel();
      continue;
    }
    const { status, detail } = await problemOf(response);
    expect(status, `seed ${seed}: ${detail}`).toBe(422);
    expect(detail, `seed ${seed}`).not.toContain("could not be understood");
    refused++;
  }
  expect(accepted).toBeGreaterThan(5);
  expect(refused).toBeGreaterThan(20);
});
